using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Dapper;
using Npgsql;

namespace Backend.Data.Accounts;

/// <content>Users whom other providers vouch for. Whether what a provider gave is genuine was checked before.</content>
public sealed partial class AccountService
{
    /// <summary>The field of a user's row that shows his identities.</summary>
    public const string IdentitiesField = "authData";

    /// <summary>The users to whom any of these identities belong, by provider and subject.</summary>
    public async Task<IReadOnlyList<IdentityOwner>> FindOwnersAsync(IReadOnlyList<Identity> identities, CancellationToken cancellation = default)
    {
        var known = identities.Where(i => i.Subject is not null && UserFields.IsStorable(i.Subject) && UserFields.IsStorable(i.Provider)).ToList();
        if (known.Count == 0)
            return [];
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<IdentityOwner>(new CommandDefinition("""
            select distinct u.id as userId,
                (u.acl_read is not null or u.acl_write is not null) and coalesce(cardinality(u.acl_read), 0) + coalesce(cardinality(u.acl_write), 0) = 0 as isClosed
            from app.identities i join app.users u on u.id = i.user_id
            where (i.provider, i.subject) in (select * from unnest(@providers, @subjects))
            """, new { providers = known.Select(i => i.Provider).ToArray(), subjects = known.Select(i => i.Subject!).ToArray() }, cancellationToken: cancellation))];
    }

    /// <summary>What the providers of a user gave, as it is stored.</summary>
    public async Task<IReadOnlyList<Identity>> ReadIdentitiesAsync(string userId, CancellationToken cancellation = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<Identity>(new CommandDefinition(
            "select provider, subject, data::text as dataJson from app.identities where user_id = @userId", new { userId }, cancellationToken: cancellation))];
    }

    /// <summary>Whether a provider vouches for a user.</summary>
    public async Task<bool> HasIdentityAsync(string userId, string provider, CancellationToken cancellation = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from app.identities where user_id = @userId and provider = @provider)", new { userId, provider }, cancellationToken: cancellation));
    }

    /// <summary>Logs a user in for whom a provider vouched, and stores what it gave this time.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="identities">What the providers gave.</param>
    /// <param name="session">The session to begin; null: none.</param>
    /// <param name="cancellation">Cancels until something is written.</param>
    /// <param name="shared">The transaction to write in, which is committed elsewhere; null: one of its own.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such user. <see cref="RefusalKind.Duplicate"/>: an identity is another's.</exception>
    public async Task<LoggedIn> LogInByIdentityAsync(string userId, IReadOnlyList<Identity> identities, SessionRequest? session, CancellationToken cancellation = default,
        ISharedTransaction? shared = null)
    {
        var users = await UsersAsync(cancellation);
        NewSession? made;
        await using (var own = shared is null ? await _rows.BeginAsync(cancellation) : null)
        {
            var connection = (own ?? await shared!.EnterAsync()).Connection;
            await SetIdentitiesAsync(connection, users, userId, identities, []);
            made = session is null ? null : await _sessions.CreateAsync(connection, userId, session, cancellation);
            await (own is null ? shared!.CommitAsync() : own.CommitAsync(CancellationToken.None));
        }

        var roles = await _sessions.RolesOfAsync(userId, cancellation);
        return new(userId, Caller.User(userId, roles, made?.Id, made?.Token), made);
    }

    /// <summary>A closed account keeps its identities, but they stand for nobody any more: whoever comes with one signs up anew.</summary>
    private static async Task TakeFromClosedAsync(NpgsqlConnection connection, IReadOnlyList<Identity> identities)
    {
        foreach (var identity in identities.Where(i => i.Subject is not null && UserFields.IsStorable(i.Subject) && UserFields.IsStorable(i.Provider)))
        {
            await connection.ExecuteAsync("""
                update app.identities i set duplicate = true from app.users u
                where i.provider = @Provider and i.subject = @Subject and not i.duplicate and u.id = i.user_id
                    and (u.acl_read is not null or u.acl_write is not null) and coalesce(cardinality(u.acl_read), 0) + coalesce(cardinality(u.acl_write), 0) = 0
                """, new { identity.Provider, identity.Subject });
        }
    }

    private static async Task SetIdentitiesAsync(NpgsqlConnection connection, Table users, string userId, IReadOnlyList<Identity> identities, IReadOnlyList<string> unlinked)
    {
        if (unlinked.Count > 0)
            await connection.ExecuteAsync("delete from app.identities where user_id = @userId and provider = any(@unlinked)", new { userId, unlinked = unlinked.ToArray() });
        foreach (var identity in identities)
        {
            if (!UserFields.IsStorable(identity.Provider) || identity.Subject is { } subject && !UserFields.IsStorable(subject))
                throw new Refusal(RefusalKind.InvalidValue, "Names of providers and users have no U+0000 and no half surrogate pairs.", users.Origin, IdentitiesField);
            try
            {
                await connection.ExecuteAsync("""
                    insert into app.identities (user_id, provider, subject, data) values (@userId, @Provider, @Subject, @DataJson::jsonb)
                    on conflict (user_id, provider) do update set subject = excluded.subject, data = excluded.data, updated_at = now()
                    where identities.subject is distinct from excluded.subject or identities.data is distinct from excluded.data
                    """, new { userId, identity.Provider, identity.Subject, identity.DataJson });
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                throw new Refusal(RefusalKind.Duplicate, "Another user has this identity.", users.Origin, IdentitiesField);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.InvalidTextRepresentation or PostgresErrorCodes.ProgramLimitExceeded)
            {
                // jsonb holds no U+0000, and a subject must fit into its index.
                throw new Refusal(RefusalKind.InvalidValue, "What the provider gave cannot be stored.", users.Origin, IdentitiesField);
            }
        }
    }
}
