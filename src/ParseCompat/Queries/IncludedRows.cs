using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>The rows that come along with an answer, fetched level by level: one statement a level and class.</summary>
internal sealed class IncludedRows
{
    /// <summary>Pages of more rows read what they include in a statement of its own, each row once.</summary>
    private const int MaxJoined = 200;

    /// <summary>More joins than this widen the rows too much.</summary>
    private const int MaxJoins = 4;

    /// <summary>So many fields one statement reads with its joins; PostgreSQL's end is 1,664 columns.</summary>
    private const int MaxJoinedFields = 1_400;

    private readonly Dictionary<(string Target, string Id), Row?> _rows = [];
    private readonly RowCursor? _cursor;

    private IncludedRows()
    {
    }

    /// <summary>What the joins of a cursor's query find for its current row.</summary>
    public IncludedRows(RowCursor cursor) => _cursor = cursor;

    /// <summary>The row of a pointer; null when there is none that the caller may read.</summary>
    public Row? Find(string target, string id) => _cursor is null ? _rows.GetValueOrDefault((target, id)) : _cursor.FindJoined(target, id);

    /// <summary>
    /// The joins that bring all that is included in one statement; default when there is more to it than single pointers of the rows themselves.
    /// </summary>
    public static ImmutableArray<Join> PlanJoins(RowQuery query, IncludeNode root, RowStore store, CatalogSnapshot catalog, Caller caller)
    {
        var table = query.Table;
        if (root.Children.Count > MaxJoins || query.Limit is not (> 0 and <= MaxJoined) || store.IsIntercepted(table))
            return default;
        var joins = ImmutableArray.CreateBuilder<Join>(root.Children.Count);
        var columns = table.Fields.Length;
        foreach (var child in root.Children)
        {
            if (table.Find(child.Name) is not { } field || !root.Wants(child.Name))
                continue;
            if (child.Children.Count > 0 || field.Target is null || (ClassName.IsMasterOnly(field.Target) && !caller.IsAdministrator)
                || catalog.FindByOrigin(field.Target) is not { } target || !store.CanJoin(field, target, caller))
            {
                return default;
            }

            var fields = child.FieldsOf(target);
            columns += fields.IsDefault ? target.Fields.Length : fields.Length;
            if (columns > MaxJoinedFields)
                return default;
            joins.Add(new Join(field, target, fields));
        }

        return joins.ToImmutable();
    }

    /// <summary>Fetches what the tree asks for.</summary>
    /// <exception cref="Data.Refusal">The caller may not read a class that is included.</exception>
    /// <exception cref="ParseError">119: a class for the master key alone.</exception>
    public static async ValueTask<IncludedRows> FetchAsync(IReadOnlyList<Row> rows, IncludeNode root, RowStore store, CatalogSnapshot catalog, Caller caller,
        CancellationToken cancellation, bool mayLag = false)
    {
        var included = new IncludedRows();
        var level = rows.Select(row => (Row: row, Node: root)).ToList();
        while (level.Count > 0)
        {
            var found = new List<(string Target, string Id, IncludeNode Node)>();
            foreach (var (row, node) in level)
                Collect(row, node, found);
            foreach (var group in found.GroupBy(f => f.Target))
            {
                var ids = group.Select(f => f.Id).Where(id => !included._rows.ContainsKey((group.Key, id))).Distinct().ToList();
                ClassAccess.RequireInclude(group.Key, caller);
                var fetched = ids.Count > 0 && catalog.FindByOrigin(group.Key) is { } table
                    ? await store.LookUpAsync(table, ids, caller, cancellation: cancellation, mayLag: mayLag)
                    : [];
                foreach (var id in ids)
                    included._rows[(group.Key, id)] = fetched.GetValueOrDefault(id);
            }

            level = [];
            foreach (var (target, id, node) in found.Distinct())
            {
                if (node.Children.Count > 0 && included.Find(target, id) is { } row)
                    level.Add((row, node));
            }
        }

        return included;
    }

    private static void Collect(Row row, IncludeNode node, List<(string, string, IncludeNode)> found)
    {
        foreach (var child in node.Children)
        {
            if (!node.Wants(child.Name))
                continue;
            var fields = row.Fields;
            for (var i = 0; i < fields.Length; i++)
            {
                var field = fields[i];
                if (field.Name != child.Name || field.Kind is not (FieldKind.Reference or FieldKind.Array or FieldKind.Object) || field.Column is null || row.IsNull(i))
                    continue;
                if (field.Kind == FieldKind.Reference)
                    found.Add((field.Target!, System.Text.Encoding.UTF8.GetString(row.GetUtf8(i)), child));
                else if (MayHoldPointer(row.GetUtf8(i)))
                    Collect(Parse(row.GetUtf8(i)), child, found);
            }

            foreach (var (name, value) in row.Rest)
            {
                if (name != child.Name)
                    continue;
                if (value.Kind == ValueKind.Reference)
                    found.Add((value.AsReference.Target, value.AsReference.Id, child));
                else if (value.Kind is ValueKind.Array or ValueKind.Object && MayHoldPointer(value.AsBytes))
                    Collect(Parse(value.AsBytes), child, found);
            }
        }
    }

    private static void Collect(JsonElement json, IncludeNode node, List<(string, string, IncludeNode)> found)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in json.EnumerateArray())
                Collect(element, node, found);
        }
        else if (json.ValueKind == JsonValueKind.Object)
        {
            if (AsPointer(json) is { } pointer)
            {
                found.Add((pointer.Target, pointer.Id, node));
                return;
            }

            foreach (var child in node.Children)
            {
                if (json.TryGetProperty(child.Name, out var value))
                    Collect(value, child, found);
            }
        }
    }

    /// <summary>Whether nested JSON can hold a pointer at all: a look that spares parsing it.</summary>
    public static bool MayHoldPointer(ReadOnlySpan<byte> json) => json.IndexOf("\"Pointer\""u8) >= 0;

    /// <summary>Nested JSON as an element.</summary>
    public static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 10 });
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>The pointer that an object is, or null.</summary>
    public static RowReference? AsPointer(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("__type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("Pointer")
        && json.TryGetProperty("className", out var target) && target.ValueKind == JsonValueKind.String
        && json.TryGetProperty("objectId", out var id) && id.ValueKind == JsonValueKind.String
            ? new RowReference(JsonText.Read(target), JsonText.Read(id))
            : null;
}
