using Backend.Data.Access;
using Backend.Data.Query;

namespace Backend.Data.Catalog;

/// <content>Field options, permissions and declared indexes.</content>
internal sealed partial class CatalogChange
{
    /// <summary>Sets whether a field is required, and its default.</summary>
    public Task SetOptionsAsync(Table table, FieldSpec field) =>
        ExecuteAsync("update catalog.fields set required = $3, default_value = $4::jsonb, optional_stated = $5 where table_number = $1 and name = $2",
            table.Number, field.Name, field.Required, DefaultJson(field), field.OptionalStated);

    /// <summary>Declares permissions; null removes the declaration.</summary>
    public Task SetPermissionsAsync(Table table, TablePermissions? permissions) =>
        ExecuteAsync("update catalog.tables set permissions = $2::jsonb where number = $1", table.Number,
            permissions is null ? null : PermissionsJson.Write(permissions));

    /// <summary>Notes names without a field under which rows hold nulls; a name that meanwhile has a field is marked there.</summary>
    public async Task AddUntypedAsync(Table table, string[] names)
    {
        if (names.FirstOrDefault(n => System.Text.Encoding.UTF8.GetByteCount(n) > LiveCatalog.MaxNameBytes) is { } tooLong)
            throw new Refusal(RefusalKind.LimitExceeded, $"A name may have at most {LiveCatalog.MaxNameBytes} bytes.", field: tooLong);
        await ExecuteAsync("""
            update catalog.tables set untyped = untyped || array(select n from unnest($2) n where n <> all(untyped) and n <> all(array(select name from catalog.fields where table_number = $1)))
            where number = $1
            """, table.Number, names);
    }

    /// <summary>Takes the nulls under a name without a field out of the rows: beside a relation there is no place for them.</summary>
    private async Task ForgetNullsAsync(int table, string relation, string name)
    {
        if (await ScalarAsync("select true from catalog.tables where number = $1 and $2 = any(untyped)", table, name) is null)
            return;
        await ExecuteAsync("set local statement_timeout = 0");
        await ExecuteAsync($"update app.{Sql.Quote(relation)} set rest = nullif(rest - $1, '{{}}') where rest ? $1", name);
    }

    /// <summary>Forgets a declared index, and drops it when it was built.</summary>
    public async Task DropIndexAsync(Table table, string name)
    {
        var index = table.Indexes.FirstOrDefault(i => i.Name == name)
            ?? throw new Refusal(RefusalKind.NotFound, $"No index {name} in {table.Origin}.", table.Origin);
        await ExecuteAsync("delete from catalog.indexes where table_number = $1 and name = $2", table.Number, name);
        if (index.Relation is not null)
            _later.Add($"drop index concurrently if exists app.{Sql.Quote(index.Relation)}");
    }

    /// <summary>Notes a declared index, and builds it later when all its fields have columns that a B-tree orders.</summary>
    public async Task AddIndexAsync(Table table, IndexSpec index)
    {
        var columns = new List<(string Column, bool Descending)>();
        foreach (var (name, descending) in index.Columns)
        {
            if (await OrderedColumnAsync(table, name) is { } column)
                columns.Add((column, descending));
        }

        var relation = columns.Count > 0 && columns.Count == index.Columns.Count ? Naming.Index(table.Relation, Naming.Snake(index.Name), Suffix(table, index)) : null;
        await ExecuteAsync("insert into catalog.indexes (table_number, name, relation, definition, columns) values ($1, $2, $3, $4::json, $5::jsonb)", table.Number,
            index.Name, relation, index.DefinitionJson,
            relation is null ? null : System.Text.Json.JsonSerializer.Serialize(index.Columns.Select(c => new object[] { c.Field, c.Descending })));
        if (relation is null)
            return;
        // From the commit on, long texts of these columns go to rest: a B-tree would refuse them.
        await ExecuteAsync("update catalog.fields set indexed = true where table_number = $1 and name = any($2) and kind <> 'Relation'", table.Number,
            index.Columns.Select(c => c.Field).ToArray());
        _later.Add(CreateIndex(table, relation, columns));
    }

    /// <summary>The statement that builds an index without locking writers out.</summary>
    internal static string CreateIndex(Table table, string relation, IEnumerable<(string Column, bool Descending)> columns) =>
        $"create index concurrently if not exists {Sql.Quote(relation)} on {table.Quoted} ({string.Join(", ", columns.Select(c => Sql.Quote(c.Column) + KeyOrder.Suffix(c.Column, c.Descending)))}{AccessKey.Suffix})";

    // Index names are unique in the schema, and two tables may shorten to the same beginning.
    private static string Suffix(Table table, IndexSpec index) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{table.Number} {index.Name} {index.DefinitionJson}")))[..8];

    /// <summary>Gives a table the triggers that the listeners of the change feed want.</summary>
    /// <param name="number">The table.</param>
    /// <param name="fresh">Whether nobody has written to it yet, so that the feed knows it from its beginning.</param>
    public Task KeepFeedAsync(int number, bool fresh) => ExecuteAsync("select catalog.keep_feed($1, $2)", number, fresh);

    /// <summary>Notes in the change feed what became of a whole table: <c>r</c>, to be read anew, or <c>x</c>, dropped. Nothing when nobody listens to it.</summary>
    public Task NoteTableAsync(int number, char operation, string? relation = null) =>
        ExecuteAsync("select catalog.note_table($1, $2::text::\"char\", $3)", number, operation.ToString(), relation);

    private async Task<string?> OrderedColumnAsync(Table table, string name)
    {
        if (Field.OfEveryTable(name) is { } own)
            return own.Column;
        return (string?)await ScalarAsync("""
            select column_name from catalog.fields
            where table_number = $1 and name = $2 and kind in ('Text', 'Number', 'Boolean', 'Timestamp', 'File', 'Reference')
            """, table.Number, name);
    }
}
