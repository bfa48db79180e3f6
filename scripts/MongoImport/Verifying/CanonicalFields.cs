using System.Collections.Concurrent;
using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Verifying;

/// <summary>What a document's key stands for.</summary>
internal enum KeyRole
{
    /// <summary>Something that is no field: compared under its own name.</summary>
    Other,
    Id,
    ObjectId,
    CreatedAt,
    UpdatedAt,
    LiteralCreatedAt,
    LiteralUpdatedAt,
    Readers,
    Writers,
    LegacyAcl,
    Acl,
    Column,
    AuthData,
    AllAuthData,
    Relation,
}

/// <summary>A key of a class's documents.</summary>
/// <param name="Name">The name that it is compared and reported under.</param>
/// <param name="Role">What it stands for.</param>
internal sealed record CanonicalKey(string Name, KeyRole Role)
{
    /// <summary>The hash of <see cref="Name"/>.</summary>
    public UInt128 Hash { get; } = CanonicalValue.OfText(Encoding.UTF8.GetBytes(Name));

    /// <summary>How values of a column are compared.</summary>
    public ColumnKind? Kind { get; init; }

    /// <summary>Among the keys of one field: the smallest is the one that counts.</summary>
    public int Priority { get; init; }

    /// <summary>The key itself.</summary>
    public string RawName { get; init; } = Name;
}

/// <summary>Knows what the keys of a class's documents stand for: in the form of the database, of an export, and of a restored row.</summary>
internal sealed class CanonicalFields
{
    private const int Most = 4096;
    private const string AuthDataPrefix = "_auth_data_";

    private readonly ConcurrentDictionary<string, CanonicalKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CanonicalKey> _columns = new(StringComparer.Ordinal);
    private readonly HashSet<string> _relations;
    private readonly ClassPlan _class;

    /// <summary>Makes the map of a class.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="isExport">Whether the source's documents are in the form of the REST API.</param>
    public CanonicalFields(Table table, bool isExport)
    {
        _class = new ClassPlan(table.Origin, null, null, isExport);
        _relations = [.. table.Fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Name)];
        foreach (var field in table.Fields.Where(f => f.Kind != FieldKind.Relation && !_class.IsDerived(f.Name)))
        {
            Add(field.Name, ColumnPlan.KindOf(field.Kind), _class.SourcesOf(field.Name, field.Kind));
        }
        foreach (var column in _class.InternalColumns)
        {
            Add(column.RestKey, column.Kind, column.Sources);
        }
    }

    public bool IsUsers => _class.IsUsers;

    public bool IsSessions => _class.IsSessions;

    /// <summary>The configuration's id is the number 1, in old databases the text: there is only one.</summary>
    public bool IsConfig => _class.Name is "_GlobalConfig" or "_GraphQLConfig";

    public bool IsExport => _class.IsExport;

    /// <summary>What a key stands for.</summary>
    public CanonicalKey Find(ReadOnlySpan<byte> rawName)
    {
        var name = Values.BsonText.Decode(rawName);
        if (_keys.TryGetValue(name, out var known))
        {
            return known;
        }
        var key = Make(name);
        if (_keys.Count < Most)
        {
            _keys.TryAdd(name, key);
        }
        return key;
    }

    private void Add(string name, ColumnKind kind, IReadOnlyList<string> sources)
    {
        for (var i = 0; i < sources.Count; i++)
        {
            _columns[sources[i]] = new CanonicalKey(name, KeyRole.Column) { Kind = kind, Priority = i, RawName = sources[i] };
        }
    }

    private CanonicalKey Make(string name)
    {
        var role = name switch
        {
            "_id" => KeyRole.Id,
            "objectId" => KeyRole.ObjectId,
            "_created_at" => KeyRole.CreatedAt,
            "_updated_at" => KeyRole.UpdatedAt,
            "createdAt" => KeyRole.LiteralCreatedAt,
            "updatedAt" => KeyRole.LiteralUpdatedAt,
            "_rperm" => KeyRole.Readers,
            "_wperm" => KeyRole.Writers,
            "_acl" => KeyRole.LegacyAcl,
            "ACL" => KeyRole.Acl,
            _ when _columns.TryGetValue(name, out var column) => column.Role,
            _ when IsUsers && name.StartsWith(AuthDataPrefix, StringComparison.Ordinal) => KeyRole.AuthData,
            "authData" when IsUsers && IsExport => KeyRole.AllAuthData,
            _ when _relations.Contains(name) => KeyRole.Relation,
            _ => KeyRole.Other,
        };
        return role == KeyRole.Column ? _columns[name] : new CanonicalKey(name, role);
    }
}
