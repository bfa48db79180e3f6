using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Sessions;

/// <summary><c>/sessions</c>, <c>/sessions/me</c> and <c>/upgradeToRevocableSession</c> (contract section 15).</summary>
internal sealed class SessionRoutes(ClassServices services, SessionHandler handler, Data.Accounts.Sessions sessions) : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        ClassRoutes.AddClass(routes, "/sessions", handler);
        routes.Map("GET", "/sessions/me", MeAsync, RouteRules.IgnoreSession);
        routes.Map("POST", "/upgradeToRevocableSession", UpgradeAsync, RouteRules.IgnoreSession);
    }

    private async ValueTask<ParseResponse> MeAsync(ParseRequest request)
    {
        if (request.SessionToken is not { } token)
            throw new ParseError(ErrorCode.InvalidSessionToken, "Session token required.");
        var found = await sessions.FindAsync(token, request.Aborted);
        if (found.State == SessionState.Expired)
            return await AnswerExpiredAsync(token, request.Aborted);
        // A legacy token has no session row.
        if (!found.IsValid || found.Caller.SessionId is not { } id)
            throw NotFound();
        return await AnswerAsync(id, request.Aborted);
    }

    private async ValueTask<ParseResponse> UpgradeAsync(ParseRequest request)
    {
        if (request.SessionToken is not { } token)
            throw new ParseError(ErrorCode.ObjectNotFound, "invalid session");
        var found = await sessions.FindAsync(token, request.Aborted);
        if (!found.IsValid)
        {
            throw token.StartsWith(Data.Accounts.Sessions.TokenPrefix, StringComparison.Ordinal)
                ? ParseError.InvalidSessionToken()
                : new ParseError(ErrorCode.InvalidSessionToken, "invalid legacy session token");
        }

        var session = await sessions.UpgradeAsync(found.Caller, new SessionRequest
        {
            InstallationId = request.InstallationId,
            CreatedWith = UserHandler.CreatedWith("upgrade", null),
        }, request.Aborted);
        return await AnswerAsync(session.Id, request.Aborted);
    }

    /// <summary>A client may still look at the session that has ended.</summary>
    private async ValueTask<ParseResponse> AnswerExpiredAsync(string token, CancellationToken cancellation)
    {
        var table = (await services.Catalog.GetAsync(cancellation)).Sessions!;
        var query = new RowQuery { Table = table, Filter = new Filter.Equal(table.Find("sessionToken")!, Value.Of(token)), Limit = 1 };
        await using var cursor = await services.Rows.OpenAsync(query, Caller.Administrator, cancellation);
        return await cursor.ReadAsync(cancellation) ? Answer(cursor.Keep()) : throw NotFound();
    }

    private async ValueTask<ParseResponse> AnswerAsync(string id, CancellationToken cancellation)
    {
        var table = (await services.Catalog.GetAsync(cancellation)).Sessions!;
        var row = await services.Rows.GetAsync(table, id, Caller.Administrator, null, cancellation) ?? throw NotFound();
        return Answer(row);
    }

    private ParseResponse Answer(Row row) => ParseResponse.Json(200, writer =>
    {
        writer.WriteStartObject();
        services.RowWriter.WriteKeys(writer, row);
        writer.WriteEndObject();
    });

    private static ParseError NotFound() => new(ErrorCode.InvalidSessionToken, "Session token not found.");
}
