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
        var owner = await FindOwnerAsync(request, authData, request.Caller.UserId);
        await CheckAsync(request, authData, owner, isLogIn: request.Caller.UserId is null);
        if (owner is null)
            return null;

        if (request.Caller.UserId is null && Services.Triggers.Find(ClassName, Triggers.BeforeLogin) is not null)
        {
            var table = (await Services.Catalog.GetAsync(request.Aborted)).Users!;
            if (await Services.Rows.GetUninterceptedAsync(table, owner.UserId, request.Aborted) is { } user)
                await Services.Triggers.ObjectAsync(ClassName, Triggers.BeforeLogin, Services.Triggers.Show(user), await Services.Triggers.Facts.OfAsync(request), request.Aborted);
        }

        var session = new SessionRequest { InstallationId = request.InstallationId, CreatedWith = CreatedWith("login", authData.Names) };
        var loggedIn = await accounts.LogInByIdentityAsync(owner.UserId, authData.Identities, request.Caller.UserId is null ? session : null, request.Aborted, request.Shared);
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
    private async ValueTask CheckLinkAsync(ParseRequest request, string userId, AuthData authData) =>
        await CheckAsync(request, authData, await FindOwnerAsync(request, authData, userId), isLogIn: false);

    /// <summary>The user to whom the data belong; null: nobody.</summary>
    /// <param name="request">The request.</param>
    /// <param name="authData">The data.</param>
    /// <param name="userId">The only user whose they may be; null: anybody's.</param>
    /// <exception cref="ParseError">208: they are another's. Who is told so has shown that the data are genuine.</exception>
    private async ValueTask<IdentityOwner?> FindOwnerAsync(ParseRequest request, AuthData authData, string? userId)
    {
        var owners = await FindOwnersAsync(request, authData);
        if (owners.Count < 2 && (owners.Count == 0 || userId is null || userId == owners[0].UserId))
            return owners.FirstOrDefault();
        await authData.CheckAsync(providers, request.Aborted);
        throw AlreadyLinked();
    }

    /// <summary>
    /// Has the providers check what they have to: all data of nobody and of a log-in, and of a user's change those that are not stored with him already.
    /// With <see cref="ParseCompatOptions.AllowExpiredAuthDataToken"/> a log-in by what is stored is taken without a check, too.
    /// </summary>
    private async ValueTask CheckAsync(ParseRequest request, AuthData authData, IdentityOwner? owner, bool isLogIn)
    {
        var trusts = !isLogIn || request.IsMaster || Services.Options.AllowExpiredAuthDataToken;
        if (owner is not null && trusts)
        {
            var changed = authData.ChangedFrom(await accounts.ReadIdentitiesAsync(owner.UserId, request.Aborted));
            if (!isLogIn || (changed.Count == 0 && !authData.Unlinks))
            {
                await authData.CheckAsync(providers, request.Aborted, changed);
                return;
            }
        }

        await authData.CheckAsync(providers, request.Aborted);
    }

    /// <summary>The users who have any of these identities; closed accounts are only the master key's to find.</summary>
    private async ValueTask<List<IdentityOwner>> FindOwnersAsync(ParseRequest request, AuthData authData) =>
        [.. (await accounts.FindOwnersAsync(authData.Identities, request.Aborted)).Where(o => request.IsMaster || !o.IsClosed)];

    private static ParseError AlreadyLinked() => new(ErrorCode.AccountAlreadyLinked, "this auth is already used");
}
