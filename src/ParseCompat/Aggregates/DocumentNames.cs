using System.Collections.Immutable;
using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>
/// The keys that documents have at one place of a pipeline. They are those of the old database (<c>_id</c>, <c>_created_at</c>, <c>_p_author</c>), which
/// pipelines may use; the dialect's own names (objectId, createdAt, author) stand for them as long as the document has them and no key of that name.
/// </summary>
internal sealed class DocumentNames
{
    private readonly HashSet<string>? _keys;

    /// <summary>Keys at the beginning of a pipeline over a class, or at a later place; null: not known.</summary>
    public DocumentNames(Table? table, IEnumerable<string>? keys)
    {
        Table = table;
        _keys = keys is null ? null : new(keys, StringComparer.Ordinal);
    }

    /// <summary>The class at the beginning.</summary>
    public Table? Table { get; }

    /// <summary>The rows of a class as documents.</summary>
    public static DocumentSource Source(Table table) => new(table,
    [
        new DocumentKey("_id", Field.Id),
        new DocumentKey("_created_at", Field.CreatedAt),
        new DocumentKey("_updated_at", Field.UpdatedAt),
        .. table.Fields.Where(f => f.Kind != FieldKind.Relation)
            .Select(f => f.Kind == FieldKind.Reference ? new DocumentKey("_p_" + f.Name, f, f.Target + "$") : new DocumentKey(f.Name, f)),
        .. table.Untyped.Order(StringComparer.Ordinal).Select(n => new DocumentKey(n, table.FindUntyped(n)!)),
    ], "_rperm", "_wperm");

    /// <summary>The keys of a class's rows.</summary>
    public static DocumentNames Of(Table? table) => new(table, table is null ? null : Source(table).Keys.Select(k => k.Name).Concat(["_rperm", "_wperm"]));

    /// <summary>The same with more keys.</summary>
    public DocumentNames With(IEnumerable<string> keys) => new(Table, _keys?.Concat(keys));

    /// <summary>The same without some.</summary>
    public DocumentNames Without(IEnumerable<string> keys) => new(Table, _keys?.Except(keys, StringComparer.Ordinal));

    /// <summary>Other documents, with these keys.</summary>
    public DocumentNames Become(IEnumerable<string>? keys) => new(Table, keys);

    /// <summary>A dotted path as steps, its first by the document's own name.</summary>
    /// <exception cref="ParseError">102: an empty step.</exception>
    public ImmutableArray<string> Path(string dotted)
    {
        var steps = dotted.Split('.');
        if (steps.Any(s => s.Length == 0))
            throw new ParseError(ErrorCode.InvalidQuery, $"FieldPath '{dotted}' must not have an empty part.");
        steps[0] = Root(steps[0]);
        return [.. steps];
    }

    /// <summary>The field behind a document's key, or null.</summary>
    public Field? FieldOf(string key) => _keys?.Contains(key) == false ? null : key switch
    {
        "_id" => Field.Id,
        "_created_at" => Field.CreatedAt,
        "_updated_at" => Field.UpdatedAt,
        _ => Table?.Find(key.StartsWith("_p_", StringComparison.Ordinal) ? key[3..] : key),
    };

    /// <summary>The document's own name of a key.</summary>
    public string Root(string name)
    {
        if (_keys?.Contains(name) == true)
            return name;
        var own = name switch
        {
            "objectId" => "_id",
            "createdAt" => "_created_at",
            "updatedAt" => "_updated_at",
            _ => "_p_" + name,
        };
        return _keys is null ? (own.StartsWith("_p_", StringComparison.Ordinal) ? name : own) : _keys.Contains(own) ? own : name;
    }
}
