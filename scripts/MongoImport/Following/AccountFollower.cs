using Backend.Data.Catalog;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Rules;
using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>The transaction needs a name marked in the catalog first; it is rolled back, and made again after that.</summary>
internal sealed class MarkNeededException(string origin, string field) : Exception($"{origin}.{field} may stand in rest")
{
    public string Origin { get; } = origin;

    public string Field { get; } = field;
}

/// <summary>
/// Users, roles and sessions, which refer to each other: marks of values that several have, identities, and sessions of users who are missing, all as an
/// import leaves them (<see cref="AccountMarks"/>).
/// </summary>
internal sealed class AccountFollower
{
    private const string Pairs = "(i.provider, i.subject) in (select * from unnest($1::text[], $2::text[]))";
    private readonly ClassFollower? _users;
    private readonly ClassFollower? _sessions;
    private readonly bool _sessionsMarked;
    private readonly List<(ClassFollower Class, MarkedColumn[] Columns)> _marked = [];
    private readonly MarkedColumn[] _userColumns;
    private readonly Keeper _identityKeeper;
    private (string[] Providers, string[] Subjects) _pairs = ([], []);

    /// <summary>Makes one for a batch.</summary>
    /// <param name="users">The users, if the batch has any.</param>
    /// <param name="roles">The roles.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="userRule">What the operator settled about users.</param>
    /// <param name="catalog">The catalog.</param>
    public AccountFollower(ClassFollower? users, ClassFollower? roles, ClassFollower? sessions, ClassRule userRule, CatalogSnapshot catalog)
    {
        (_users, _sessions) = (users, sessions);
        _sessionsMarked = catalog.Sessions?.Find("user") is { HasRest: true };
        _identityKeeper = userRule.Field("authData").Keeper;
        _userColumns = catalog.Users is { } table ? Columns(table, userRule, AccountMarks.LastSeen, ("username", "username_duplicate"), ("email", "email_duplicate")) : [];
        if (users is not null)
        {
            _marked.Add((users, _userColumns));
        }
        if (roles is not null)
        {
            _marked.Add((roles, Columns(roles.Table, roles.Plan.Rule, AccountMarks.LastUpdated, ("name", "name_duplicate"))));
        }
        if (sessions is not null)
        {
            _marked.Add((sessions, Columns(sessions.Table, sessions.Plan.Rule, AccountMarks.LastUpdated, ("token", "token_duplicate"))));
        }
    }

    /// <summary>Applies them, in the batch's transaction.</summary>
    public async Task ApplyAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        string[] seen = [];
        foreach (var (one, columns) in _marked)
        {
            var deleted = one.Emptied ? await IdsAsync(connection, one, stop) : one.Deleted;
            foreach (var column in columns)
            {
                await column.BeginAsync(connection, one.Staging, deleted, stop);
            }
            if (one == _users)
            {
                await BeginIdentitiesAsync(connection, deleted, stop);
                await OrphanAsync(connection, deleted, stop);
            }
            if (one == _sessions)
            {
                seen = await SeenAsync(connection, deleted, stop);
            }
            await one.DeleteAsync(connection, stop);
            if (one == _sessions)
            {
                await StageOrphansAsync(connection, stop);
            }
            await one.UpsertAsync(connection, [.. columns.Select((c, i) => c.Mark(i + 1))], stop);
            if (one == _users && one.Count > 0)
            {
                await WriteIdentitiesAsync(connection, stop);
                await AdoptAsync(connection, stop);
            }
        }
        if (seen.Length > 0)
        {
            foreach (var column in _userColumns)
            {
                await column.TouchAsync(connection, seen, stop);
            }
            await TouchIdentitiesAsync(connection, seen, stop);
        }
        foreach (var column in _marked.SelectMany(m => m.Columns).Union(_userColumns))
        {
            await column.EndAsync(connection, stop);
        }
        await EndIdentitiesAsync(connection, stop);
    }

    private static MarkedColumn[] Columns(Table table, ClassRule rule, string usual, params (string Column, string Mark)[] columns) =>
        [.. columns.Select(c =>
        {
            var keeper = rule.Field(table.Fields.FirstOrDefault(f => f.Column == c.Column)?.Name ?? c.Column).Keeper;
            return new MarkedColumn(table.Quoted, c.Column, c.Mark, AccountMarks.Order(keeper, usual, 2), keeper.Ids);
        })];

    // Whose sessions come or go: who was here last may be another one then.
    private async Task<string[]> SeenAsync(NpgsqlConnection connection, string[] deleted, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand($$"""
            select coalesce(array_agg(distinct user_id), '{}') from (
                select user_id from {{_sessions!.Staging}} union all
                select s.user_id from app.sessions s where s.id = any($1) or s.id in (select id from {{_sessions.Staging}})
            ) q where user_id is not null
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = deleted });
        return (string[])(await command.ExecuteScalarAsync(stop))!;
    }

    private async Task TouchIdentitiesAsync(NpgsqlConnection connection, string[] users, CancellationToken stop)
    {
        string[] providers, subjects;
        await using (var find = new NpgsqlCommand($$"""
            select coalesce(array_agg(provider), '{}'), coalesce(array_agg(subject), '{}') from (
                select i.provider, i.subject, i.duplicate, row_number() over (partition by i.provider, i.subject order by {{AccountMarks.Order(_identityKeeper, AccountMarks.LastSeen, 2)}}) as n
                from app.identities i join app.users t on t.id = i.user_id
                where $2::text[] is not null and (i.provider, i.subject) in (
                    select m.provider, m.subject from app.identities m where m.user_id = any($1)
                    and exists (select from app.identities o where o.provider = m.provider and o.subject = m.subject and o.user_id <> m.user_id))
            ) q where n = 1 and duplicate
            """, connection))
        {
            find.Parameters.Add(new NpgsqlParameter { Value = users });
            find.Parameters.Add(new NpgsqlParameter { Value = _identityKeeper.Ids.ToArray() });
            await using var reader = await find.ExecuteReaderAsync(stop);
            await reader.ReadAsync(stop);
            (providers, subjects) = (reader.GetFieldValue<string[]>(0), reader.GetFieldValue<string[]>(1));
        }
        if (providers.Length > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"update app.identities i set duplicate = true where {Pairs} and not i.duplicate", stop, providers, subjects);
            _pairs = ([.. _pairs.Providers, .. providers], [.. _pairs.Subjects, .. subjects]);
        }
    }

    // What several users have, before or after the batch: all of it is marked until the end.
    private async Task BeginIdentitiesAsync(NpgsqlConnection connection, string[] deleted, CancellationToken stop)
    {
        await using (var find = new NpgsqlCommand($"""
            select coalesce(array_agg(provider), '{"{}"}'), coalesce(array_agg(subject), '{"{}"}') from (
                select n.provider, n.subject from {_users!.IdentityStaging} n where n.subject is not null
                    and (exists (select from app.identities o where o.provider = n.provider and o.subject = n.subject and o.user_id <> n.user_id)
                        or exists (select from {_users.IdentityStaging} o where o.provider = n.provider and o.subject = n.subject and o.user_id <> n.user_id))
                union
                select i.provider, i.subject from app.identities i where i.subject is not null and (i.user_id = any($1) or i.user_id in (select id from {_users.Staging}))
                    and exists (select from app.identities o where o.provider = i.provider and o.subject = i.subject and o.user_id <> i.user_id)
            ) q
            """, connection))
        {
            find.Parameters.Add(new NpgsqlParameter { Value = deleted });
            await using var reader = await find.ExecuteReaderAsync(stop);
            await reader.ReadAsync(stop);
            _pairs = (reader.GetFieldValue<string[]>(0), reader.GetFieldValue<string[]>(1));
        }
        if (_pairs.Providers.Length > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"update app.identities i set duplicate = true where {Pairs} and not i.duplicate", stop, _pairs.Providers, _pairs.Subjects);
        }
    }

    private async Task WriteIdentitiesAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await ClassFollower.ExecuteAsync(connection, $"""
            delete from app.identities i using {_users!.Staging} s
            where i.user_id = s.id and not exists (select from {_users.IdentityStaging} n where n.user_id = i.user_id and n.provider = i.provider)
            """, stop);
        // A subject that another row of the batch takes over must be free by then.
        await ClassFollower.ExecuteAsync(connection, $"""
            update app.identities i set subject = null from {_users.IdentityStaging} n
            where n.user_id = i.user_id and n.provider = i.provider and i.subject is distinct from n.subject and i.subject is not null
            """, stop);
        await ClassFollower.ExecuteAsync(connection, $"""
            insert into app.identities as i (user_id, provider, subject, data, created_at, updated_at, duplicate)
            select distinct on (n.user_id, n.provider) n.user_id, n.provider, n.subject, n.data, n.created_at, n.updated_at,
                coalesce((n.provider, n.subject) in (select * from unnest($1::text[], $2::text[])), false)
            from {_users.IdentityStaging} n order by n.user_id, n.provider
            on conflict (user_id, provider) do update set subject = excluded.subject, data = excluded.data, updated_at = excluded.updated_at, duplicate = excluded.duplicate
            where (i.subject, i.data, i.duplicate) is distinct from (excluded.subject, excluded.data, excluded.duplicate)
            """, stop, _pairs.Providers, _pairs.Subjects);
    }

    private async Task EndIdentitiesAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (_pairs.Providers.Length > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"""
                update app.identities i set duplicate = false
                from (
                    select i.user_id, i.provider, row_number() over (partition by i.provider, i.subject order by {AccountMarks.Order(_identityKeeper, AccountMarks.LastSeen, 3)}) as n
                    from app.identities i join app.users t on t.id = i.user_id where {Pairs} and $3::text[] is not null
                ) d
                where d.user_id = i.user_id and d.provider = i.provider and d.n = 1 and i.duplicate
                """, stop, _pairs.Providers, _pairs.Subjects, _identityKeeper.Ids.ToArray());
        }
    }

    // In the source a user's sessions outlive him; here they would go with him.
    private Task OrphanAsync(NpgsqlConnection connection, string[] users, CancellationToken stop) => users.Length == 0 ? Task.CompletedTask : OrphanAsync(connection, $$"""
        update app.sessions set user_id = null, rest = coalesce(rest, '{}') || {{AccountMarks.MissingUser}} where user_id = any($1)
        """, stop, (object)users);

    private Task StageOrphansAsync(NpgsqlConnection connection, CancellationToken stop) => OrphanAsync(connection, $$"""
        update {{_sessions!.Staging}} s set user_id = null, rest = coalesce(rest, '{}') || {{AccountMarks.MissingUser}}
        where user_id is not null and not exists (select from app.users u where u.id = s.user_id)
        """, stop);

    private async Task OrphanAsync(NpgsqlConnection connection, string sql, CancellationToken stop, params object[] values)
    {
        if (await ClassFollower.ExecuteAsync(connection, sql, stop, values) > 0 && !_sessionsMarked)
        {
            throw new MarkNeededException("_Session", "user");
        }
    }

    // Sessions that came before their user.
    private async Task AdoptAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (_sessionsMarked)
        {
            await ClassFollower.ExecuteAsync(connection, $$"""
                update app.sessions s set user_id = u.id, rest = nullif(s.rest - 'user', '{}') from {{_users!.Staging}} u
                where s.user_id is null and s.rest #>> '{user,$reference,0}' = '_User' and s.rest #>> '{user,$reference,1}' = u.id
                """, stop);
        }
    }

    private static async Task<string[]> IdsAsync(NpgsqlConnection connection, ClassFollower one, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand($"select coalesce(array_agg(id), '{{}}') from {one.Table.Quoted}", connection);
        return (string[])(await command.ExecuteScalarAsync(stop))!;
    }
}
