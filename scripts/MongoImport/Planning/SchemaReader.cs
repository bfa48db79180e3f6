using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Planning;

/// <summary>Reads the documents of <c>_SCHEMA</c>: fields, class permissions, field options, indexes.</summary>
internal static class SchemaReader
{
    private static readonly FrozenSet<string> NoFields = new[] { "_id", "objectId", "createdAt", "updatedAt", "ACL", "_metadata", "_client_permissions" }.ToFrozenSet();

    /// <summary>Reads them all, by class.</summary>
    public static Dictionary<string, ClassSchema> Read(SourceCollection? schemas)
    {
        var classes = new Dictionary<string, ClassSchema>(StringComparer.Ordinal);
        if (schemas is null)
        {
            return classes;
        }
        using var reader = schemas.Open();
        while (reader.Read() is { } block)
        {
            using (block)
            {
                var at = 0;
                while (block.TryTake(ref at, out var document))
                {
                    if (Read(new BsonValue(BsonType.Document, document)) is { } schema)
                    {
                        classes[schema.Name] = schema;
                    }
                }
            }
        }
        return classes;
    }

    /// <summary>A type as <c>_SCHEMA</c> writes it: <c>number</c>, <c>*_User</c>, <c>relation&lt;_User&gt;</c>; null when it is none.</summary>
    public static (FieldKind Kind, string? Target)? TypeOf(string type) => type switch
    {
        "string" => (FieldKind.Text, null),
        "number" => (FieldKind.Number, null),
        "boolean" => (FieldKind.Boolean, null),
        "date" => (FieldKind.Timestamp, null),
        "object" or "map" => (FieldKind.Object, null),
        "array" => (FieldKind.Array, null),
        "geopoint" => (FieldKind.Point, null),
        "polygon" => (FieldKind.Polygon, null),
        "file" => (FieldKind.File, null),
        "bytes" => (FieldKind.Bytes, null),
        ['*', .. var target] => (FieldKind.Reference, target),
        _ when type.StartsWith("relation<", StringComparison.Ordinal) && type.EndsWith('>') => (FieldKind.Relation, type[9..^1]),
        _ => null,
    };

    /// <summary>Reads one; null when it names no class.</summary>
    public static ClassSchema? Read(BsonValue document)
    {
        if (!ParseForms.TryText(document, "_id"u8, out var name))
        {
            return null;
        }
        var options = ImmutableDictionary<string, (bool Required, Func<FieldKind, Value?> Default)>.Empty;
        TablePermissions? permissions = null;
        IReadOnlyList<SourceIndex> indexes = [];
        if (document.TryFind("_metadata"u8, out var metadata) && metadata.Type == BsonType.Document)
        {
            permissions = metadata.TryFind("class_permissions"u8, out var allowed) && allowed.Type == BsonType.Document ? Permissions(allowed) : null;
            options = metadata.TryFind("fields_options"u8, out var given) && given.Type == BsonType.Document ? Options(given) : options;
            indexes = metadata.TryFind("indexes"u8, out var declared) && declared.Type == BsonType.Document ? Indexes(declared) : indexes;
        }
        var fields = new List<FieldSpec>();
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            var field = Encoding.UTF8.GetString(reader.Name);
            if (reader.Type != BsonType.Text || NoFields.Contains(field) || field.StartsWith("_auth_data_", StringComparison.Ordinal)
                || TypeOf(Encoding.UTF8.GetString(reader.Value.Text)) is not var (kind, target))
            {
                continue;
            }
            var (required, defaultOf) = options.GetValueOrDefault(field);
            fields.RemoveAll(f => f.Name == field);
            fields.Add(new FieldSpec(field, kind, target) { Required = required, Default = defaultOf?.Invoke(kind) });
        }
        return new ClassSchema(Encoding.UTF8.GetString(name), fields, permissions, indexes);
    }

    // An operation that is missing is denied; only count, which old servers did not know, follows find.
    private static TablePermissions Permissions(BsonValue document)
    {
        var find = Rule(document, "find"u8);
        var hidden = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        if (document.TryFind("protectedFields"u8, out var groups) && groups.Type == BsonType.Document)
        {
            var reader = new BsonReader(groups.Raw);
            while (reader.Read())
            {
                hidden[Encoding.UTF8.GetString(reader.Name)] = Texts(reader.Value);
            }
        }
        return new TablePermissions
        {
            Find = find,
            Count = document.TryFind("count"u8, out _) ? Rule(document, "count"u8) : find,
            Get = Rule(document, "get"u8),
            Create = Rule(document, "create"u8),
            Update = Rule(document, "update"u8),
            Delete = Rule(document, "delete"u8),
            AddField = Rule(document, "addField"u8),
            ReadReferenceFields = document.TryFind("readUserFields"u8, out var readers) ? Texts(readers) : [],
            WriteReferenceFields = document.TryFind("writeUserFields"u8, out var writers) ? Texts(writers) : [],
            ProtectedFields = hidden.ToImmutable(),
            DefaultAcl = document.TryFind("ACL"u8, out var acl) && acl.Type == BsonType.Document ? Acls.Of(acl, "read"u8, "write"u8) : null,
        };
    }

    private static PermissionRule Rule(BsonValue permissions, ReadOnlySpan<byte> operation)
    {
        if (!permissions.TryFind(operation, out var rule) || rule.Type != BsonType.Document)
        {
            return PermissionRule.Nobody;
        }
        bool everybody = false, authenticated = false;
        var principals = new HashSet<string>(StringComparer.Ordinal);
        ImmutableArray<string> references = [];
        var reader = new BsonReader(rule.Raw);
        while (reader.Read())
        {
            var name = Encoding.UTF8.GetString(reader.Name);
            var granted = reader.Type == BsonType.Boolean && reader.Value.Boolean;
            if (name == "pointerFields")
            {
                references = Texts(reader.Value);
            }
            else if (name == "*")
            {
                everybody = granted;
            }
            else if (name == "requiresAuthentication")
            {
                authenticated = granted;
            }
            else if (granted)
            {
                principals.Add(name);
            }
        }
        return new PermissionRule(everybody, authenticated, principals.ToFrozenSet(StringComparer.Ordinal), references);
    }

    private static ImmutableArray<string> Texts(BsonValue array)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        if (array.Type == BsonType.Array)
        {
            var reader = new BsonReader(array.Raw);
            while (reader.Read())
            {
                if (reader.Type == BsonType.Text)
                {
                    texts.Add(Encoding.UTF8.GetString(reader.Value.Text));
                }
            }
        }
        return texts.ToImmutable();
    }

    private static ImmutableDictionary<string, (bool, Func<FieldKind, Value?>)> Options(BsonValue document)
    {
        var options = ImmutableDictionary.CreateBuilder<string, (bool, Func<FieldKind, Value?>)>(StringComparer.Ordinal);
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            if (reader.Type != BsonType.Document)
            {
                continue;
            }
            var required = reader.Value.TryFind("required"u8, out var flag) && flag.Type == BsonType.Boolean && flag.Boolean;
            var (type, bytes) = reader.Value.TryFind("defaultValue"u8, out var value) ? (value.Type, value.Raw.ToArray()) : (BsonType.None, []);
            options[Encoding.UTF8.GetString(reader.Name)] = (required, kind => type is BsonType.None or BsonType.Null ? null : FieldValues.Of(new BsonValue(type, bytes), kind));
        }
        return options.ToImmutable();
    }

    private static List<SourceIndex> Indexes(BsonValue document)
    {
        var indexes = new List<SourceIndex>();
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            if (reader.Type != BsonType.Document)
            {
                continue;
            }
            var key = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
            var members = new BsonReader(reader.Value.Raw);
            while (members.Read())
            {
                var direction = members.Type == BsonType.Text ? Encoding.UTF8.GetString(members.Value.Text)
                    : members.Value.IsNumber && Numbers.TryExact(members.Value, out var number) && number < 0 ? "-1" : "1";
                key.Add(new(Encoding.UTF8.GetString(members.Name), direction));
            }
            indexes.Add(new SourceIndex(Encoding.UTF8.GetString(reader.Name), key.ToImmutable(), ImmutableDictionary<string, JsonElement>.Empty));
        }
        return indexes;
    }
}
