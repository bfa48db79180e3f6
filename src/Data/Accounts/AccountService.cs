using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>Accounts for both dialects: sign-up and log-in here, changes and password resets in the other parts.</summary>
public sealed partial class AccountService
{
    private readonly NpgsqlDataSource _database;
    private readonly LiveCatalog _catalog;
    private readonly RowStore _rows;
    private readonly PasswordHasher _passwords;
    private readonly Sessions _sessions;
    private readonly LoginLimits _limits;
    private readonly AccountsOptions _options;
    private readonly TimeProvider _time;

    internal AccountService(NpgsqlDataSource database, LiveCatalog catalog, RowStore rows, PasswordHasher passwords, Sessions sessions, LoginLimits limits,
        IOptions<AccountsOptions> options, IOptions<PasswordOptions> rules, IEnumerable<IAccountInterceptor> interceptors, TimeProvider time)
    {
        _database = database;
        _catalog = catalog;
        _rows = rows;
        _passwords = passwords;
        _sessions = sessions;
        _limits = limits;
        _options = options.Value;
        _rules = rules.Value;
        _interceptors = [.. interceptors];
        _pattern = _rules.Pattern is { } pattern ? CompilePattern(pattern) : null;
        _time = time;
    }

    /// <summary>Makes an account, and a session when one is asked for.</summary>
    /// <param name="account">The account.</param>
    /// <param name="fields">The row's other fields, whose columns exist, and its access list. Without a list it gets the default one; in a list the user
    /// himself is always added.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="cancellation">Cancels until the account is written.</param>
    /// <param name="shared">The transaction to write in, which is committed elsewhere; null: one of its own.</param>
    /// <exception cref="Refusal">In this order: <see cref="RefusalKind.InvalidValue"/> (username, password), not allowed to create users,
    /// <see cref="RefusalKind.Duplicate"/> (username), <see cref="RefusalKind.InvalidValue"/> (email), <see cref="RefusalKind.Duplicate"/> (email, authData).
    /// The refusal's field says which. Also <see cref="RefusalKind.Busy"/>.</exception>
    public async Task<SignedUp> SignUpAsync(SignUp account, ChangeSet fields, Caller caller, CancellationToken cancellation = default, ISharedTransaction? shared = null)
    {
        var users = await UsersAsync(cancellation);
        Put(users, fields, account.Username is null ? default : new(account.Username), account.Email is null ? default : new(account.Email), account.EmailVerified, caller);
        if (UserFields.Username(fields).Value is null or "")
            throw new Refusal(RefusalKind.InvalidValue, "A username is needed.", users.Origin, UserFields.UsernameField);
        if (account.Password is "" || (account.Password is null && account.Identities.Count == 0))
            throw new Refusal(RefusalKind.InvalidValue, "A password is needed.", users.Origin, UserFields.PasswordField);
        var id = account.Id ?? _rows.NewId();
        fields.Acl = fields.Acl is { } acl ? WithOwner(acl, id) : DefaultAcl(id);

        var save = await _rows.BeginSaveAsync(users, id, fields, caller, insert: true, checkRow: false, cancellation, account.Password);
        Lower(users, fields);
        if (UserFields.Username(fields).Value is null or "")
            throw new Refusal(RefusalKind.InvalidValue, "A username is needed.", users.Origin, UserFields.UsernameField);
        if (save.NewPassword is { } password)
            await CheckPasswordAsync(password, UserFields.Username(fields).Value, null, cancellation);
        var hash = save.NewPassword is null ? null : await _passwords.HashAsync(save.NewPassword, cancellation);
        WriteResult row;
        NewSession? session = null;
        await using (var own = shared is null ? await _rows.BeginAsync(cancellation) : null)
        {
            var transaction = own ?? await shared!.EnterAsync();
            if (fields.Guard is { } guard)
                await guard.EnterAsync(transaction, cancellation);
            await ReserveAsync(transaction.Connection, users, fields, id, cancellation);
            row = await _rows.InsertAsync(users, fields, caller, id, transaction, cancellation);
            if (hash is not null)
                await transaction.Connection.ExecuteAsync("update app.users set password_hash = @hash, password_changed_at = case when @Ages then now() end where id = @id", new { hash, id, _rules.Ages });
            await TakeFromClosedAsync(transaction.Connection, account.Identities);
            await SetIdentitiesAsync(transaction.Connection, users, id, account.Identities, []);
            if (UserFields.Email(fields).HasValue)
                await BeginVerificationAsync(transaction, id, account.Verify, UserFields.Names(fields, UserFields.EmailVerifiedField), cancellation);
            if (account.Session is { } wanted && !(_options is { VerifyEmails: true, RequireVerifiedEmail: true } && account.Identities.Count == 0))
                session = await _sessions.CreateAsync(transaction.Connection, id, wanted, CancellationToken.None);
            await (own is null ? shared!.CommitAsync() : own.CommitAsync(CancellationToken.None));
        }

        await _rows.EndSaveAsync(save, row, cancellation);
        return new(row, session);
    }

    /// <summary>Checks a name and a password, and begins a session when one is asked for.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidCredentials"/>, <see cref="RefusalKind.AccountLocked"/>,
    /// <see cref="RefusalKind.EmailNotVerified"/>, <see cref="RefusalKind.LimitExceeded"/> (too many wrong passwords), <see cref="RefusalKind.Busy"/>.</exception>
    public async Task<LoggedIn> LogInAsync(Credentials credentials, SessionRequest? session, CancellationToken cancellation = default)
    {
        var user = await FindAsync(credentials, cancellation);
        // By id when there is one, so that name and address of one account are not counted apart.
        var account = user is not null ? "id " + user.Id : $"name {credentials.Username ?? credentials.Email}";
        await _limits.CheckAsync(account, credentials.Address, cancellation);
        if (_options.LockoutThreshold > 0 && user?.LockoutExpiresAt is { } until && until > _time.GetUtcNow().UtcDateTime)
            throw new Refusal(RefusalKind.AccountLocked, "The account is locked.") { Until = until };

        var right = await _passwords.VerifyAsync(credentials.Password, user?.PasswordHash, cancellation);
        if (user is null || !right)
        {
            await _limits.FailedAsync(account, credentials.Address);
            if (user is not null && _options.LockoutThreshold > 0)
                await CountFailureAsync(user.Id);
            throw new Refusal(RefusalKind.InvalidCredentials, "No such account, or not its password.");
        }

        // An access list that lets nobody in locks the account.
        if (user is { AclRead: not null } or { AclWrite: not null } && (user.AclRead?.Length ?? 0) + (user.AclWrite?.Length ?? 0) == 0)
            throw new Refusal(RefusalKind.InvalidCredentials, "The account is closed.");
        if (user.FailedLoginCount > 0)
            await ClearFailuresAsync(user.Id);
        if (_options is { VerifyEmails: true, RequireVerifiedEmail: true } && !user.EmailVerified && !credentials.IgnoreVerification)
            throw new Refusal(RefusalKind.EmailNotVerified, "The user's e-mail address is not verified.");
        if (!credentials.IgnoreAge)
            await CheckAgeAsync(user, cancellation);
        var made = session is null ? null : await BeginSessionAsync(user.Id, session, cancellation);
        var roles = await _sessions.RolesOfAsync(user.Id, cancellation);
        return new(user.Id, Caller.User(user.Id, roles, made?.Id, made?.Token), made);
    }

    private async Task<UserToLogIn?> FindAsync(Credentials credentials, CancellationToken cancellation)
    {
        var condition = credentials switch
        {
            { Username: not null, Email: not null } => "username = any(@names) and email = any(@addresses)",
            { Email: not null } => "email = any(@addresses)",
            { Username: not null } => "username = any(@names) or email = any(@addresses)",
            _ => throw new Refusal(RefusalKind.InvalidValue, "A username or an e-mail address is needed.", field: UserFields.UsernameField),
        };
        if (!UserFields.IsStorable(credentials.Username ?? "") || !UserFields.IsStorable(credentials.Email ?? ""))
            return null;
        var names = Spellings(credentials.Username, _options.LowercaseUsernames);
        var addresses = Spellings(credentials.Email ?? credentials.Username, _options.LowercaseEmails);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return await connection.QueryFirstOrDefaultAsync<UserToLogIn>(new CommandDefinition($"""
            select id, password_hash as passwordHash, acl_read as aclRead, acl_write as aclWrite, failed_login_count as failedLoginCount,
                lockout_expires_at as lockoutExpiresAt, coalesce(email_verified, false) as emailVerified, password_changed_at as passwordChangedAt
            from app.users where {condition}
            order by username is not distinct from @Username desc, coalesce(username = any(@names), false) desc, username_duplicate or email_duplicate, created_at, id limit 1
            """, new { credentials.Username, names, addresses }, cancellationToken: cancellation));
    }

    /// <summary>As what a name or address may be stored: imported users may have capitals although new ones do not.</summary>
    private static string[] Spellings(string? given, bool isLowered) => given switch
    {
        null => [],
        _ when isLowered && given.ToLowerInvariant() is var lower && lower != given => [given, lower],
        _ => [given],
    };

    /// <summary>Makes small letters of a new username and address, if the settings say so.</summary>
    private void Lower(Table users, ChangeSet fields)
    {
        if (_options.LowercaseUsernames && UserFields.Username(fields).Value is { } username && username.ToLowerInvariant() is var name && name != username)
            UserFields.Put(fields, users, UserFields.UsernameField, Value.Of(name));
        if (_options.LowercaseEmails && UserFields.Email(fields).Value is { } email && email.ToLowerInvariant() is var address && address != email)
            UserFields.Put(fields, users, UserFields.EmailField, Value.Of(address));
    }

    private async Task CountFailureAsync(string id)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await connection.ExecuteAsync("""
            update app.users set failed_login_count = failed_login_count + 1,
                lockout_expires_at = case when failed_login_count + 1 >= @threshold then @until end
            where id = @id
            """, new { id, threshold = _options.LockoutThreshold, until = (_time.GetUtcNow() + _options.LockoutLength).UtcDateTime });
    }

    private async Task ClearFailuresAsync(string id)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await connection.ExecuteAsync("update app.users set failed_login_count = 0, lockout_expires_at = null where id = @id", new { id });
    }

    private async Task<Table> UsersAsync(CancellationToken cancellation) =>
        (await _catalog.GetAsync(cancellation)).Users ?? throw new InvalidOperationException("The database has no table of users: it was not migrated.");

    /// <summary>Puts what the caller named beside the change set into it, so that interceptors see all of it.</summary>
    private static void Put(Table users, ChangeSet fields, Optional<string?> username, Optional<string?> email, bool? emailVerified, Caller caller)
    {
        if (username.HasValue)
            UserFields.Put(fields, users, UserFields.UsernameField, username.Value is null ? null : Value.Of(username.Value));
        if (email.HasValue)
            UserFields.Put(fields, users, UserFields.EmailField, email.Value is null ? null : Value.Of(email.Value));
        if (emailVerified is { } verified)
            UserFields.Put(fields, users, UserFields.EmailVerifiedField, Value.Of(verified));
        if (!caller.IsAdministrator && UserFields.Names(fields, UserFields.EmailVerifiedField))
            throw new Refusal(RefusalKind.PermissionDenied, "Whether an address is the user's is not for clients to say.", users.Origin, UserFields.EmailVerifiedField);
    }

    /// <summary>
    /// Takes the new username and e-mail address for this user until the commit, and checks that nobody else has them, also with other capitals.
    /// </summary>
    private static async Task ReserveAsync(NpgsqlConnection connection, Table users, ChangeSet fields, string id, CancellationToken cancellation)
    {
        // Always in this order, so that two requests cannot wait for each other.
        if (UserFields.Username(fields) is { HasValue: true, Value: { } username })
        {
            UserFields.CheckStorable(users, username, UserFields.UsernameField);
            await ReserveAsync(connection, users, UserFields.UsernameField, username, id, cancellation);
        }

        if (UserFields.Email(fields) is { HasValue: true, Value: { } email })
        {
            UserFields.CheckEmail(users, email);
            await ReserveAsync(connection, users, UserFields.EmailField, email, id, cancellation);
        }
    }

    private static async Task ReserveAsync(NpgsqlConnection connection, Table users, string field, string value, string id, CancellationToken cancellation)
    {
        var column = users.Find(field)!.QuotedColumn;
        await connection.ExecuteAsync(new CommandDefinition(
            $"""select pg_advisory_xact_lock(hashtextextended('{field}:' || lower(@value collate "und-x-icu"), 0))""", new { value }, cancellationToken: cancellation));
        // Who keeps the value he has is left alone: imported users may differ from others in capitals only.
        var taken = await connection.ExecuteScalarAsync<bool>(new CommandDefinition($"""
            select exists (select from app.users where lower({column} collate "und-x-icu") = lower(@value collate "und-x-icu") and id <> @id)
                and not exists (select from app.users where id = @id and {column} = @value)
            """, new { value, id }, cancellationToken: cancellation));
        if (taken)
            throw new Refusal(RefusalKind.Duplicate, $"Another account has this {field}.", users.Origin, field);
    }

    private RowAcl DefaultAcl(string id) => new(_options.PrivateUsers ? [id] : [RowAcl.Everybody, id], [id]);

    private static RowAcl WithOwner(RowAcl acl, string id) => new(With(acl.Read, id), With(acl.Write, id));

    private static ImmutableArray<string> With(ImmutableArray<string> principals, string id) =>
        principals.IsDefault || principals.Contains(id) ? principals : principals.Add(id);

    private sealed record UserToLogIn
    {
        public required string Id { get; init; }

        public string? PasswordHash { get; init; }

        public string[]? AclRead { get; init; }

        public string[]? AclWrite { get; init; }

        public int FailedLoginCount { get; init; }

        public DateTime? LockoutExpiresAt { get; init; }

        public bool EmailVerified { get; init; }

        public DateTime? PasswordChangedAt { get; init; }
    }
}
