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
        var columns = new List<string>();
        foreach (var (name, descending) in index.Columns)
        {
            var column = await OrderedColumnAsync(table, name);
            if (column is not null)
                columns.Add(Sql.Quote(column) + KeyOrder.Suffix(column, descending));
        }

        var relation = columns.Count > 0 && columns.Count == index.Columns.Count ? Naming.Index(table.Relation, Naming.Snake(index.Name), Suffix(table, index)) : null;
        await ExecuteAsync("insert into catalog.indexes (table_number, name, relation, definition) values ($1, $2, $3, $4::json)", table.Number, index.Name,
            relation, index.DefinitionJson);
        if (relation is null)
            return;
        // From the commit on, long texts of these columns go to rest: a B-tree would refuse them.
        await ExecuteAsync("update catalog.fields set indexed = true where table_number = $1 and name = any($2) and kind <> 'Relation'", table.Number,
            index.Columns.Select(c => c.Field).ToArray());
        _later.Add($"create index concurrently if not exists {Sql.Quote(relation)} on {table.Quoted} ({string.Join(", ", columns)})");
    }

    // Index names are unique in the schema, and two tables may shorten to the same beginning.
    private static string Suffix(Table table, IndexSpec index) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{table.Number} {index.Name} {index.DefinitionJson}")))[..8];

    private async Task<string?> OrderedColumnAsync(Table table, string name)
    {
        var own = new[] { Field.Id, Field.CreatedAt, Field.UpdatedAt }.FirstOrDefault(f => f.Name == name);
        if (own is not null)
            return own.Column;
        return (string?)await ScalarAsync("""
            select column_name from catalog.fields
            where table_number = $1 and name = $2 and kind in ('Text', 'Number', 'Boolean', 'Timestamp', 'File', 'Reference')
            """, table.Number, name);
    }
}
