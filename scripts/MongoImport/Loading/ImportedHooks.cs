using Backend.Data.Catalog;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>
/// Makes the web hooks that a source declares those that the old dialect calls. One that was declared over the API stays as it is, whatever a source says; one that the
/// source has taken away goes.
/// </summary>
internal static class ImportedHooks
{
    /// <summary>The class that holds them.</summary>
    public const string ClassName = "_Hooks";

    /// <summary>Brings the hooks that are called up to the rows of the class. Ends when every live process knows them.</summary>
    public static Task SyncAsync(LiveCatalog catalog, CancellationToken stop) => catalog.ChangeFollowedAsync(
        async connection =>
        {
            await using (var ask = new NpgsqlCommand("select to_regclass('parse_compat.hooks') is null", connection))
            {
                if (await ask.ExecuteScalarAsync(CancellationToken.None) is true)
                {
                    // The old dialect is gone, and nothing calls hooks any more.
                    return false;
                }
            }
            var changed = 0;
            foreach (var sql in Statements(Declared(catalog.Current.FindByOrigin(ClassName))))
            {
                await using var command = new NpgsqlCommand(sql, connection);
                changed += await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
            return changed > 0;
        },
        stop);

    // Of several that the source declares for one occasion the last counts.
    private static IEnumerable<string> Statements(string declared) =>
    [
        $"""
        with declared as ({declared})
        delete from parse_compat.hooks h where h.imported and not exists (
            select from declared d where d.function_name = h.function_name or (d.class_name = h.class_name and d.trigger_name = h.trigger_name))
        """,
        $"""
        with declared as ({declared})
        insert into parse_compat.hooks (function_name, url, imported)
        select distinct on (function_name) function_name, url, true from declared where function_name is not null order by function_name, updated_at desc, id desc
        on conflict (function_name) do update set url = excluded.url where hooks.imported and hooks.url <> excluded.url
        """,
        $"""
        with declared as ({declared})
        insert into parse_compat.hooks (class_name, trigger_name, url, imported)
        select distinct on (class_name, trigger_name) class_name, trigger_name, url, true from declared where class_name is not null order by class_name, trigger_name, updated_at desc, id desc
        on conflict (class_name, trigger_name) do update set url = excluded.url where hooks.imported and hooks.url <> excluded.url
        """,
    ];

    private static string Declared(Table? table)
    {
        string Column(string field) => table?.Find(field) is { Kind: FieldKind.Text, Column: not null } found ? found.QuotedColumn : "null::text";
        var rows = table is null ? "(select null::text as id, null::timestamptz as updated_at where false) none" : table.Quoted;
        return $"""
            select id, updated_at, function_name, class_name, trigger_name, url from (
                select id, updated_at, {Column("functionName")} as function_name, {Column("className")} as class_name, {Column("triggerName")} as trigger_name, {Column("url")} as url from {rows}) r
            where url is not null and (function_name is not null and class_name is null and trigger_name is null or function_name is null and class_name is not null and trigger_name is not null)
            """;
    }
}
