using System.Text;
using Backend.Api.V2.Rows.Planning;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Writing;

/// <summary>The rows that the embedded references of a page lead to: one query for each target table.</summary>
internal sealed class EmbeddedRows
{
    /// <summary>No rows.</summary>
    public static EmbeddedRows None { get; } = new();

    private readonly Dictionary<Table, Dictionary<string, Row>> _rows = [];

    private EmbeddedRows()
    {
    }

    public static async Task<EmbeddedRows> ReadAsync(RowStore store, RowsPlan plan, IReadOnlyList<Row> rows, Caller caller, CancellationToken cancellation)
    {
        var embedded = new EmbeddedRows();
        foreach (var byTarget in plan.Embeddings.GroupBy(e => e.Target))
        {
            var ids = new HashSet<string>(StringComparer.Ordinal);
            foreach (var embedding in byTarget)
            {
                foreach (var row in rows)
                {
                    var position = Position(row, embedding.Reference);
                    if (position >= 0 && IdOf(row, position, embedding.Reference) is { } id)
                        ids.Add(id);
                }
            }

            var outputs = byTarget.SelectMany(e => e.Outputs).ToList();
            embedded._rows[byTarget.Key] = await store.LookUpAsync(byTarget.Key, ids, caller,
                [.. outputs.Select(FieldOf).OfType<Field>().Distinct()], cancellation, outputs.Exists(o => o is Output.Acl));
        }

        return embedded;
    }

    /// <summary>The id that a reference holds, or null.</summary>
    public static string? IdOf(Row row, int position, Field reference)
    {
        if (!row.IsNull(position))
            return Encoding.UTF8.GetString(row.GetUtf8(position));
        foreach (var (name, value) in reference.Column is null ? row.Rest : [])
        {
            if (name == reference.Name && value.Kind == ValueKind.Reference && value.AsReference.Target == reference.Target)
                return value.AsReference.Id;
        }

        return null;
    }

    public Row? Find(Table target, string id) => _rows.TryGetValue(target, out var rows) ? rows.GetValueOrDefault(id) : null;

    private static Field? FieldOf(Output output) => output switch
    {
        Output.Column column => column.Field,
        Output.Inside inside => inside.Field,
        _ => null,
    };

    private static int Position(Row row, Field field)
    {
        for (var i = 0; i < row.Fields.Length; i++)
        {
            if (row.Fields[i].Name == field.Name)
                return i;
        }

        return -1;
    }
}
