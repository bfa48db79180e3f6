using System.Globalization;
using System.Text.Json;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Limits;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>The routes of users that are no class routes: log-in, log-out, who am I (contract section 14).</summary>
internal sealed class UserRoutes(ClassServices services, UserHandler users, AccountService accounts, Data.Accounts.Sessions sessions, AuthProviders providers, TimeProvider time)
    : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        ClassRoutes.AddClass(routes, "/users", users);
        routes.Map("GET", "/users/me", MeAsync);
        routes.Map("GET", "/login", LogInAsync, RouteRules.IgnoreSession);
        routes.Map("POST", "/login", LogInAsync, RouteRules.IgnoreSession);
        routes.Map("POST", "/loginAs", LogInAsAsync);
        routes.Map("POST", "/logout", LogOutAsync);
        routes.Map("GET", "/verifyPassword", VerifyPasswordAsync);
        routes.Map("POST", "/verifyPassword", VerifyPasswordAsync);
    }

    private async ValueTask<ParseResponse> MeAsync(ParseRequest request)
    {
        if (request.SessionToken is not { } token)
            throw ParseError.InvalidSessionToken();
        var self = request.Caller;
        if (self.UserId is null)
        {
            // With the master key the frame has not looked at the token.
            var found = await sessions.FindAsync(token, request.Aborted);
            self = found.IsValid ? found.Caller : throw ParseError.InvalidSessionToken();
        }

        return await AnswerAsync(self.UserId!, token, ParseError.InvalidSessionToken, request.IsMaster ? request.Caller : self, request.Aborted);
    }

    private async ValueTask<ParseResponse> LogInAsync(ParseRequest request)
    {
        // The provider's data at a log-in by password are a second factor; there is none yet.
        if (AuthData.Read(request.Body.Get("authData") is { ValueKind: not JsonValueKind.Null } json ? json : null) is { } authData)
            await authData.CheckAsync(providers, request.Aborted);
        var session = new SessionRequest { InstallationId = request.InstallationId, CreatedWith = UserHandler.CreatedWith("login", "password") };
        await services.Catalog.GetAsync(request.Aborted);
        if (services.Triggers.Concerns(ClassName.User))
            return await LogInWithTriggersAsync(request, session);
        var loggedIn = await AuthenticateAsync(request, session);
        return await AnswerAsync(loggedIn.UserId, loggedIn.Session!.Token, InvalidCredentials, loggedIn.Caller, request.Aborted);
    }

    /// <summary>The log-in of an app whose triggers want to hear of it: beforeLogin comes between the password and the session.</summary>
    private async ValueTask<ParseResponse> LogInWithTriggersAsync(ParseRequest request, SessionRequest asked)
    {
        var triggers = services.Triggers;
        var checkedUser = await AuthenticateAsync(request, null);
        var userId = checkedUser.UserId;
        var users = (await services.Catalog.GetAsync(request.Aborted)).Users!;
        var row = await services.Rows.GetUninterceptedAsync(users, userId, request.Aborted) ?? throw InvalidCredentials();
        await triggers.ObjectAsync(ClassName.User, Triggers.BeforeLogin, triggers.Show(row), await triggers.Facts.OfAsync(request), request.Aborted);
        var session = await sessions.CreateAsync(userId, asked, request.Aborted);
        if (triggers.Find(ClassName.User, Triggers.AfterLogin) is not null)
        {
            var user = triggers.Show(row);
            user["sessionToken"] = session.Token;
            user["className"] = ClassName.User;
            var facts = CallFactsReader.Of(request, HookJson.Write(writer => user.WriteTo(writer)));
            await triggers.ObjectAsync(ClassName.User, Triggers.AfterLogin, user, facts, CancellationToken.None);
        }

        return await AnswerAsync(userId, session.Token, InvalidCredentials, checkedUser.Caller, request.Aborted);
    }

    private async ValueTask<ParseResponse> VerifyPasswordAsync(ParseRequest request)
    {
        var loggedIn = await AuthenticateAsync(request, null, logsIn: false);
        return await AnswerAsync(loggedIn.UserId, null, InvalidCredentials, loggedIn.Caller, request.Aborted);
    }

    private async ValueTask<ParseResponse> LogInAsAsync(ParseRequest request)
    {
        if (!request.IsMaster)
            throw new ParseError(ErrorCode.OperationForbidden, "master key is required");
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, "read-only masterKey isn't allowed to login as another user.");
        var userId = request.Body.GetText("userId") ?? request.QueryText("userId");
        if (string.IsNullOrEmpty(userId))
            throw new ParseError(ErrorCode.InvalidValue, "userId must not be empty, null, or undefined");
        try
        {
            var session = await sessions.CreateAsync(userId, new SessionRequest
            {
                InstallationId = request.InstallationId,
                CreatedWith = UserHandler.CreatedWith("login", "masterkey"),
            }, request.Aborted);
            return await AnswerAsync(userId, session.Token, NoSuchUser, request.Caller, request.Aborted);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
        {
            throw NoSuchUser();
        }
    }

    private async ValueTask<ParseResponse> LogOutAsync(ParseRequest request)
    {
        var caller = request.Caller;
        if (request.IsMaster && request.SessionToken is { } token && await sessions.FindAsync(token, request.Aborted) is { IsValid: true } found)
            caller = found.Caller!;
        if (caller.UserId is null)
            return ParseResponse.Empty;
        var triggers = services.Triggers;
        if (triggers.Find(ClassName.Session, Triggers.AfterLogout) is null || caller.SessionId is not { } id
            || await services.Rows.GetUninterceptedAsync((await services.Catalog.GetAsync(request.Aborted)).Sessions!, id, request.Aborted) is not { } row)
        {
            await sessions.LogOutAsync(caller, request.Aborted);
            return ParseResponse.Empty;
        }

        var facts = await triggers.Facts.OfAsync(request);
        await sessions.LogOutAsync(caller, request.Aborted);
        await triggers.ObjectAsync(ClassName.Session, Triggers.AfterLogout, triggers.Show(row), facts, CancellationToken.None);
        return ParseResponse.Empty;
    }

    /// <summary>Checks name and password, from the body or, when it has no name, from the query string.</summary>
    private async ValueTask<LoggedIn> AuthenticateAsync(ParseRequest request, SessionRequest? session, bool logsIn = true)
    {
        var body = request.Body;
        var fromQuery = (IsMissing(body.Get("username")) && !string.IsNullOrEmpty(request.QueryText("username")))
            || (IsMissing(body.Get("email")) && !string.IsNullOrEmpty(request.QueryText("email")));
        var username = Read("username");
        var email = Read("email");
        var password = Read("password");
        if (username is null && email is null)
            throw new ParseError(ErrorCode.UsernameMissing, "username/email is required.");
        if (password is null)
            throw new ParseError(ErrorCode.PasswordMissing, "password is required.");
        if (IsNoText(username) || IsNoText(email) || IsNoText(password))
            throw InvalidCredentials();
        try
        {
            return await accounts.LogInAsync(new Data.Accounts.Credentials
            {
                Username = Text(username),
                Email = Text(email),
                Password = Text(password)!,
                IgnoreVerification = request.IsMaster && body.Get("ignoreEmailVerification") is { ValueKind: JsonValueKind.True },
                IgnoreAge = !logsIn,
                Address = ClientAddress.Counted(request.Http.Connection.RemoteIpAddress),
            }, session, request.Aborted);
        }
        catch (Refusal refusal) when (refusal.Kind is RefusalKind.InvalidCredentials or RefusalKind.InvalidValue or RefusalKind.NotFound)
        {
            throw InvalidCredentials();
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.AccountLocked)
        {
            var minutes = Math.Max(1, (int)Math.Ceiling(((refusal.Until ?? default) - time.GetUtcNow().UtcDateTime).TotalMinutes));
            throw new ParseError(ErrorCode.ObjectNotFound, string.Create(CultureInfo.InvariantCulture,
                $"Your account is locked due to multiple failed login attempts. Please try again after {minutes} minute(s)"));
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.LimitExceeded)
        {
            throw new ParseError(ErrorCode.ConnectionFailed, "Too many requests.", 429);
        }

        // A text of the query string stands for itself: a password of digits is no number.
        JsonElement? Read(string name)
        {
            if (fromQuery)
                return request.QueryText(name) is { Length: > 0 } text ? JsonSerializer.SerializeToElement(text) : null;
            return body.Get(name) is { } value && !IsMissing(value) ? value : null;
        }
    }

    private static bool IsMissing(JsonElement? value) => value is null or { ValueKind: JsonValueKind.Null or JsonValueKind.False }
        || (value is { ValueKind: JsonValueKind.String } text && text.ValueEquals(""));

    private static bool IsNoText(JsonElement? value) => value is { ValueKind: not JsonValueKind.String };

    private static string? Text(JsonElement? value) => value is { } text ? JsonText.Read(text) : null;

    /// <summary>A user as he, or who asks for him, sees him.</summary>
    private async ValueTask<ParseResponse> AnswerAsync(string userId, string? token, Func<ParseError> missing, Caller reader, CancellationToken cancellation)
    {
        var table = (await services.Catalog.GetAsync(cancellation)).Users!;
        var row = await services.Rows.GetAsync(table, userId, Caller.Administrator, null, cancellation) ?? throw missing();
        var shown = new IncludeNode("");
        if (!services.ShowsOwnersAll)
        {
            foreach (var name in AccessRules.HiddenFields(table, reader, userId))
                shown.Exclude([name]);
        }

        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            services.RowWriter.WriteKeys(writer, row, shown);
            if (token is not null)
                writer.WriteString("sessionToken"u8, token);
            writer.WriteEndObject();
        });
    }

    private static ParseError InvalidCredentials() => new(ErrorCode.ObjectNotFound, "Invalid username/password.");

    private static ParseError NoSuchUser() => new(ErrorCode.ObjectNotFound, "user not found");
}
