using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Values;
using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>Reads the catalog's tables into a snapshot.</summary>
internal static class CatalogReader
{
    private const string Query = """
        select version, writes_closed_at from catalog.state;
        select number, name, origin, relation, system, permissions::text, untyped from catalog.tables where visible order by number;
        select f.table_number, f.name, f.kind, f.target, f.column_name, f.required, f.default_value::text, f.has_rest, f.indexed, f.system, f.secret, f.optional_stated, f.promotion
        from catalog.fields f join catalog.tables t on t.number = f.table_number where t.visible order by f.table_number, f.number;
        select i.table_number, i.name, i.relation, i.definition::text from catalog.indexes i join catalog.tables t on t.number = i.table_number
        where t.visible order by i.table_number, i.name;
        """;

    public static async Task<CatalogSnapshot> ReadAsync(NpgsqlConnection connection, AccessOptions? access, CancellationToken cancellation)
    {
        // One snapshot for the four statements, so that version and content belong together.
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        await using var command = new NpgsqlCommand(Query, connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var version = reader.GetInt64(0);
        DateTime? writesClosedAt = reader.IsDBNull(1) ? null : reader.GetDateTime(1);

        await reader.NextResultAsync(cancellation);
        var rows = new List<(int Number, string Name, string Origin, string Relation, bool System, string? Permissions, string[] Untyped)>();
        while (await reader.ReadAsync(cancellation))
            rows.Add((reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), Text(reader, 5), reader.GetFieldValue<string[]>(6)));

        var users = rows.Find(r => r is { Name: "users", System: true }).Origin;
        await reader.NextResultAsync(cancellation);
        var fields = new Dictionary<int, List<Field>>();
        while (await reader.ReadAsync(cancellation))
            ListOf(fields, reader.GetInt32(0)).Add(ReadField(reader, users));

        await reader.NextResultAsync(cancellation);
        var indexes = new Dictionary<int, List<TableIndex>>();
        while (await reader.ReadAsync(cancellation))
            ListOf(indexes, reader.GetInt32(0)).Add(new TableIndex(reader.GetString(1), Text(reader, 2), reader.GetString(3)));

        return new CatalogSnapshot(version, rows.Select(r => new Table(r.Number, r.Name, r.Origin, r.Relation, r.System, fields.GetValueOrDefault(r.Number) ?? [],
            r.Permissions is null ? null : PermissionsJson.Read(r.Permissions), indexes.GetValueOrDefault(r.Number), access, r.Untyped)), writesClosedAt);
    }

    private static Field ReadField(NpgsqlDataReader reader, string? users) => new()
    {
        Name = reader.GetString(1),
        Kind = Enum.Parse<FieldKind>(reader.GetString(2)),
        Target = Text(reader, 3),
        LeadsToUsers = users is not null && Text(reader, 3) == users,
        Column = Text(reader, 4),
        Required = reader.GetBoolean(5),
        Default = Text(reader, 6) is { } json ? ReadValue(json) : null,
        HasRest = reader.GetBoolean(7),
        Indexed = reader.GetBoolean(8),
        System = reader.GetBoolean(9),
        Secret = reader.GetBoolean(10),
        OptionalStated = reader.GetBoolean(11),
        Promotion = Text(reader, 12) is { } promotion ? Enum.Parse<FieldPromotion>(promotion) : FieldPromotion.None,
    };

    private static Value ReadValue(string json)
    {
        using var document = JsonDocument.Parse(json);
        return RestJson.Read(document.RootElement);
    }

    private static List<T> ListOf<T>(Dictionary<int, List<T>> lists, int key)
    {
        if (!lists.TryGetValue(key, out var list))
            lists.Add(key, list = []);
        return list;
    }

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
