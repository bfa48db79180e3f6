using Backend.Data.Imports;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>
/// What accounts need besides their rows: of equal usernames, addresses, identities, role names and tokens all rows but one are marked (design
/// section 3), and a session whose user is missing keeps its pointer in <c>rest</c>.
/// </summary>
internal sealed class AccountMarks(NpgsqlDataSource database)
{
    /// <summary>Who was here last comes first, among users.</summary>
    public const string LastSeen = "(select max(s.updated_at) from app.sessions s where s.user_id = t.id) desc nulls last, t.updated_at desc, t.id";

    /// <summary>What was changed last comes first.</summary>
    public const string LastUpdated = "t.updated_at desc, t.id";

    /// <summary>What <c>rest</c> of a session holds whose user is missing.</summary>
    public const string MissingUser = "jsonb_build_object('user', jsonb_build_object('$reference', jsonb_build_array('_User', user_id)))";

    /// <summary>Marks and mends. Each table is the one of schema <c>import</c>, or null when it is not imported.</summary>
    public async Task RunAsync(StagedTable? users, StagedTable? sessions, StagedTable? roles, Func<StagedTable, ClassReport> reports, CancellationToken stop)
    {
        // The owner of a value that several have: who was here last, unless a rule says who.
        var lastSeen = $"(select max(s.updated_at) from {sessions?.Quoted ?? "app.sessions"} s where s.user_id = t.id) desc nulls last, t.updated_at desc, t.id";
        if (users is not null)
        {
            await MarkAsync(users, "username", "username_duplicate", lastSeen, reports(users), stop);
            await MarkAsync(users, "email", "email_duplicate", lastSeen, reports(users), stop);
            var keeper = reports(users).Plan.Rule.Field("authData").Keeper;
            var identities = await ExecuteAsync($"""
                update import.identities i set duplicate = true
                from (
                    select i.user_id, i.provider, row_number() over (partition by i.provider, i.subject order by {Order(keeper, lastSeen)}) as n
                    from import.identities i join {users.Quoted} t on t.id = i.user_id
                    where (i.provider, i.subject) in (select provider, subject from import.identities where subject is not null group by 1, 2 having count(*) > 1)
                ) d
                where d.user_id = i.user_id and d.provider = i.provider and d.n > 1
                """, keeper.Ids, stop);
            Count(reports(users), "identity", identities);
            // Triggers keep this column in schema app.
            await ExecuteAsync($"""
                update {users.Quoted} u set auth_data = i.data
                from (select user_id, jsonb_object_agg(provider, data) as data from import.identities group by user_id) i where i.user_id = u.id
                """, [], stop);
        }
        if (roles is not null)
        {
            await MarkAsync(roles, "name", "name_duplicate", LastUpdated, reports(roles), stop);
        }
        if (sessions is not null)
        {
            await MarkAsync(sessions, "token", "token_duplicate", LastUpdated, reports(sessions), stop);
            var missing = await ExecuteAsync($$"""
                update {{sessions.Quoted}} s
                set user_id = null, acl_read = '{}', acl_write = '{}',
                    rest = coalesce(rest, '{}') || {{MissingUser}}
                where user_id is not null and not exists (select from {{users?.Quoted ?? "app.users"}} u where u.id = s.user_id)
                """, [], stop);
            if (missing > 0)
            {
                sessions.FieldsInRest.Add("user");
                reports(sessions).Dangling["user"] = missing;
            }
        }
    }

    private async Task MarkAsync(StagedTable table, string column, string mark, string order, ClassReport report, CancellationToken stop)
    {
        var keeper = report.Plan.Rule.Field(table.Fields.FirstOrDefault(f => f.Column == column)?.Name ?? column).Keeper;
        var marked = await ExecuteAsync($"""
            update {table.Quoted} u set {mark} = true
            from (
                select t.id, row_number() over (partition by t.{column} order by {Order(keeper, order)}) as n
                from {table.Quoted} t where t.{column} in (select {column} from {table.Quoted} where {column} is not null group by 1 having count(*) > 1)
            ) d
            where d.id = u.id and d.n > 1
            """, keeper.Ids, stop);
        Count(report, column, marked);
    }

    /// <summary>The order of rows <c>t</c> of which the first keeps a value: by the keeper, or as <paramref name="usual"/> says.</summary>
    /// <param name="keeper">What a rule says.</param>
    /// <param name="usual">The order without a rule.</param>
    /// <param name="parameter">The number of the parameter that is the list of ids that come first.</param>
    public static string Order(Keeper keeper, string usual, int parameter = 1) => $"array_position(${parameter}, t.id) nulls last, " + keeper.Order switch
    {
        KeeperOrder.FirstCreated => "t.created_at, t.id",
        KeeperOrder.LastCreated => "t.created_at desc, t.id",
        KeeperOrder.LastUpdated => "t.updated_at desc, t.id",
        _ => usual,
    };

    private static void Count(ClassReport report, string what, int marked)
    {
        if (marked > 0)
        {
            report.Marked[what] = marked;
        }
    }

    private async Task<int> ExecuteAsync(string sql, IReadOnlyList<string> ids, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        if (sql.Contains("$1", StringComparison.Ordinal))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = ids.ToArray() });
        }
        return await command.ExecuteNonQueryAsync(stop);
    }
}
