using System.Collections.Frozen;
using System.Text.Json;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>The class <c>_User</c>: sign-up, changes and deletes of users (contract section 14), over <c>/users</c> and <c>/classes/_User</c>.</summary>
internal sealed partial class UserHandler(ClassServices services, AccountService accounts, Data.Accounts.Sessions sessions, AuthProviders providers, VerificationMails mails)
    : ClassHandler(services)
{
    /// <summary>The installation id of the server's own code, which signs users up without logging them in.</summary>
    private const string ServerInstallation = "cloud";

    /// <inheritdoc/>
    public override string ClassName => Wire.ClassName.User;

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> CreateAsync(ParseRequest request, string className)
    {
        var body = request.Body;
        var authData = body.Get("authData") is { ValueKind: not JsonValueKind.Null } given ? AuthData.Read(given) : null;
        if (authData is null || (authData.IsEmpty && body.Get("username") is null))
        {
            if (string.IsNullOrEmpty(body.GetText("username")))
                throw new ParseError(ErrorCode.UsernameMissing, "bad or missing username");
            if (string.IsNullOrEmpty(body.GetText("password")))
                throw new ParseError(ErrorCode.PasswordMissing, "password is required");
            if (body.Get("authData") is { ValueKind: JsonValueKind.Null })
                throw AuthData.Unsupported();
        }

        if (authData is { IsEmpty: false } && await LogInOrCheckAsync(request, authData) is { } loggedIn)
            return loggedIn;

        return await base.CreateAsync(request, className);
    }

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> UpdateAsync(ParseRequest request, string className, string id)
    {
        if (request.Caller.UserId is null && !request.IsMaster)
            throw new ParseError(ErrorCode.SessionMissing, $"Cannot modify user {id}.");
        try
        {
            return await base.UpdateAsync(request, className, id);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound && !request.IsMaster)
        {
            throw new ParseError(ErrorCode.SessionMissing, "Insufficient auth.");
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> DeleteAsync(ParseRequest request, string className, string id)
    {
        if (request.Caller.UserId is null && !request.IsMaster)
            throw new ParseError(ErrorCode.SessionMissing, "Insufficient auth to delete user");
        try
        {
            var answer = await base.DeleteAsync(request, className, id);
            sessions.ForgetAll();
            return answer;
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound && !request.IsMaster)
        {
            throw new ParseError(ErrorCode.SessionMissing, "Insufficient auth.");
        }
    }

    /// <inheritdoc/>
    protected override FrozenSet<string>? WritableInternals(ParseRequest request) => request is { IsMaintenance: true, Method: "PUT" } ? InternalKeys.Writable : null;

    /// <inheritdoc/>
    protected override async ValueTask CheckSentAsync(WriteDraft draft)
    {
        var body = draft.Body;
        if (!draft.Request.IsMaster && body.Fields.Exists(f => f.Name == "emailVerified"))
            throw new ParseError(ErrorCode.OperationForbidden, "Clients aren't allowed to manually update email verification.");
        var outcome = new UserOutcome { AuthData = AuthData.Read(draft.Request.Body.Get("authData")), Internals = InternalKeys.Read(body.Internals) };
        draft.Outcome = outcome;
        if (!draft.IsCreate && outcome.AuthData is { IsEmpty: false } authData)
            await CheckLinkAsync(draft.Request, draft.Id!, authData);
    }

    /// <inheritdoc/>
    protected override string? NewSessionToken(WriteDraft draft) => (draft.Outcome as UserOutcome)?.Session?.Token;

    /// <inheritdoc/>
    protected override ValueTask BeforeWriteAsync(WriteDraft draft)
    {
        var body = draft.Body;
        foreach (var field in body.Fields)
        {
            if (field is { Name: "authData" or "password" or "sessionToken", Steps.Length: > 0 })
                throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid field name for update: {field.Key}");
        }

        if (draft is { IsCreate: true, Id: { } id } && !RowAcl.IsUserId(id))
            throw new ParseError(ErrorCode.OperationForbidden, "Invalid object ID.");
        var outcome = (UserOutcome)draft.Outcome!;
        body.Take("authData");
        body.Take("sessionToken");
        if (body.Take("password") is { } password)
            outcome.Password = PasswordOf(password);
        if (draft.IsCreate && string.IsNullOrEmpty(body.Text("username")) && outcome.AuthData is not null && body.Find("username") is null)
            body.Set("username", new TypedValue(Value.Of(outcome.MakeUsername()), Data.Catalog.FieldKind.Text));
        return default;
    }

    /// <inheritdoc/>
    protected override async ValueTask<WriteResult> StoreAsync(WriteDraft draft)
    {
        var (request, outcome) = (draft.Request, (UserOutcome)draft.Outcome!);
        var identities = outcome.AuthData?.Identities ?? [];
        var verify = outcome.AuthData is null or { IsEmpty: true } or { IsAnonymousOnly: true } ? mails.Sender : null;
        if (draft.IsCreate)
        {
            var signedUp = await accounts.SignUpAsync(new SignUp
            {
                Id = draft.Id,
                Password = outcome.Password,
                Identities = identities,
                Session = request.InstallationId == ServerInstallation ? null : SessionFor(request, outcome.AuthData),
                Verify = verify,
            }, draft.Changes, request.Caller, request.Aborted, request.Shared);
            mails.Signal();
            if (signedUp.Session is null && request.InstallationId != ServerInstallation && Services.Options.PreventSignupWithUnverifiedEmail)
                throw new ParseError(ErrorCode.EmailNotFound, "User email is not verified.");
            outcome.Session = signedUp.Session;
            return signedUp.Row;
        }

        var changed = await accounts.ChangeAsync(draft.Id!, new AccountChanges
        {
            Password = outcome.Password,
            Identities = identities,
            Unlinked = outcome.AuthData?.Removed ?? [],
            Internals = outcome.Internals,
            Session = new SessionRequest { InstallationId = request.InstallationId },
            Verify = verify,
        }, draft.Changes, request.Caller, request.Aborted, shared: request.Shared);
        mails.Signal();
        // The master key that links a user with a provider logs him in.
        outcome.Session = changed.Session ?? (request.IsMaster && outcome.AuthData is { IsEmpty: false }
            ? await sessions.CreateAsync(draft.Id!, SessionFor(request, outcome.AuthData), request.Aborted)
            : null);
        return changed.Row;
    }

    /// <inheritdoc/>
    protected override void WriteExtraKeys(Utf8JsonWriter writer, WriteDraft draft, WriteResult result)
    {
        var outcome = (UserOutcome)draft.Outcome!;
        if (outcome.MadeUsername is not null)
            writer.WriteString("username"u8, outcome.MadeUsername);
        if (outcome.Session is { } session)
            writer.WriteString("sessionToken"u8, session.Token);
        if (outcome.AuthData is { IsEmpty: false })
        {
            writer.WriteStartObject("authDataResponse"u8);
            writer.WriteEndObject();
        }
    }

    /// <summary>Whoever reads his own row gets his session's token with it; the maintenance key sees what is kept of accounts.</summary>
    protected override bool WantsExtras(ParseRequest request) =>
        request.IsMaintenance || (request.Caller.UserId is not null && request.Route.IndexOf("objectId") >= 0);

    /// <inheritdoc/>
    protected override async ValueTask<RowExtras?> LoadExtrasAsync(IReadOnlyList<Row> rows, ParseRequest request, bool isGet)
    {
        if (request.IsMaintenance)
        {
            var internals = await accounts.ReadInternalsAsync([.. rows.Select(r => r.Id)], request.Aborted);
            return (writer, row) => InternalKeys.Write(writer, internals.GetValueOrDefault(row.Id));
        }

        return (writer, row) =>
        {
            if (row.Id == request.Caller.UserId && request.SessionToken is { } token)
                writer.WriteString("sessionToken"u8, token);
        };
    }

    private static string PasswordOf(DraftField field) => field switch
    {
        { Action: DraftAction.Set, Value.Kind: ValueKind.Text } => field.Value.AsText is { Length: > 0 } text ? text : throw NoPassword(),
        { Action: DraftAction.Set, Kind: { } kind } => throw new ParseError(ErrorCode.IncorrectType,
            $"schema mismatch for _User.password; expected String but got {ErrorMapping.TypeName(kind, field.Target)}"),
        _ => throw NoPassword(),
    };

    private static ParseError NoPassword() => new(ErrorCode.PasswordMissing, "password is required");

    private static SessionRequest SessionFor(ParseRequest request, AuthData? authData) => new()
    {
        InstallationId = request.InstallationId,
        CreatedWith = CreatedWith(authData is { IsEmpty: false } ? "login" : "signup", authData is { IsEmpty: false } ? authData.Names : "password"),
    };

    /// <summary>How a session came to be (contract section 15).</summary>
    public static string CreatedWith(string action, string? authProvider)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("action"u8, action);
            if (authProvider is not null)
                writer.WriteString("authProvider"u8, authProvider);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>What a write of a user brings along and leaves behind besides his row.</summary>
    private sealed class UserOutcome
    {
        public AuthData? AuthData { get; init; }

        public AccountInternalChanges? Internals { get; init; }

        public string? Password { get; set; }

        public string? MadeUsername { get; private set; }

        public NewSession? Session { get; set; }

        /// <summary>A name for a user who signs up without one.</summary>
        public string MakeUsername() => MadeUsername = RowId.New(25);
    }
}
