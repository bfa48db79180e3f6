using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <content>Sign-in with other providers (contract 14.7).</content>
internal sealed partial class UserHandler
{
    /// <summary>Logs the user in whom the data stand for; null: nobody has them, and a sign-up goes on.</summary>
    /// <exception cref="ParseError">208: they are another's. 252: a provider is unknown. What the provider says.</exception>
    private async ValueTask<ParseResponse?> LogInOrCheckAsync(ParseRequest request, AuthData authData)
    {
        var hasPassword = request.Body.GetText("username") is not null && request.Body.GetText("password") is not null;
        if (!authData.Identifies && !hasPassword && !request.IsMaster && request.Caller.UserId is null)
            throw AuthData.Unsupported();
        await authData.CheckAsync(providers, request.Aborted);
        var owners = await FindOwnersAsync(request, authData);
        if (owners.Count > 1 || (owners.Count == 1 && request.Caller.UserId is { } own && own != owners[0].UserId))
            throw AlreadyLinked();
        if (owners.Count == 0)
            return null;

        if (request.Caller.UserId is null && Services.Triggers.Find(ClassName, Triggers.BeforeLogin) is not null)
        {
            var table = (await Services.Catalog.GetAsync(request.Aborted)).Users!;
            if (await Services.Rows.GetUninterceptedAsync(table, owners[0].UserId, request.Aborted) is { } user)
                await Services.Triggers.ObjectAsync(ClassName, Triggers.BeforeLogin, Services.Triggers.Show(user), await Services.Triggers.Facts.OfAsync(request), request.Aborted);
        }

        var session = new SessionRequest { InstallationId = request.InstallationId, CreatedWith = CreatedWith("login", authData.Names) };
        var loggedIn = await accounts.LogInByIdentityAsync(owners[0].UserId, authData.Identities, request.Caller.UserId is null ? session : null, request.Aborted, request.Shared);
        var row = await Services.Rows.GetAsync((await Services.Catalog.GetAsync(request.Aborted)).Users!, loggedIn.UserId, Caller.Administrator, null, request.Aborted)
            ?? throw ParseError.ObjectNotFound();
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            Services.RowWriter.WriteKeys(writer, row);
            writer.WriteString("sessionToken"u8, loggedIn.Session?.Token ?? request.SessionToken);
            writer.WriteStartObject("authDataResponse"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }, Services.Location(ClassName, row.Id));
    }

    /// <summary>Checks data that are to be linked with an existing user.</summary>
    private async ValueTask CheckLinkAsync(ParseRequest request, string userId, AuthData authData)
    {
        await authData.CheckAsync(providers, request.Aborted);
        var owners = await FindOwnersAsync(request, authData);
        if (owners.Count > 1 || (owners.Count == 1 && owners[0].UserId != userId))
            throw AlreadyLinked();
    }

    /// <summary>The users who have any of these identities; closed accounts are only the master key's to find.</summary>
    private async ValueTask<List<IdentityOwner>> FindOwnersAsync(ParseRequest request, AuthData authData) =>
        [.. (await accounts.FindOwnersAsync(authData.Identities, request.Aborted)).Where(o => request.IsMaster || !o.IsClosed)];

    private static ParseError AlreadyLinked() => new(ErrorCode.AccountAlreadyLinked, "this auth is already used");
}
