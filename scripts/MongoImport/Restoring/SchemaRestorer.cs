using System.Text;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Restoring;

/// <summary>Writes what the catalog knows of a class as a document of <c>_SCHEMA</c> (contract/mongo-storage 1.4).</summary>
internal static class SchemaRestorer
{
    private static readonly (string Name, Operation Operation)[] Operations =
    [
        ("find", Operation.Find), ("count", Operation.Count), ("get", Operation.Get), ("create", Operation.Create), ("update", Operation.Update),
        ("delete", Operation.Delete), ("addField", Operation.AddField),
    ];

    /// <summary>Appends the document.</summary>
    public static void Restore(Table table, BsonWriter to)
    {
        to.Begin();
        Text("_id", table.Origin, to);
        Text("objectId", "string", to);
        Text("updatedAt", "date", to);
        Text("createdAt", "date", to);
        foreach (var field in table.Fields)
        {
            Text(field.Name, TypeOf(field), to);
        }
        to.Element(BsonType.Document, "_metadata"u8);
        to.Begin();
        if (table.HasPermissions)
        {
            Permissions(table.Permissions, to);
        }
        if (table.Fields.Any(f => f.Required || f.Default is not null || f.OptionalStated))
        {
            Options(table, to);
        }
        Indexes(table, to);
        to.End();
        to.End();
    }

    /// <summary>The type as <c>_SCHEMA</c> writes it.</summary>
    public static string TypeOf(Field field) => field.Kind switch
    {
        FieldKind.Text => "string",
        FieldKind.Number => "number",
        FieldKind.Boolean => "boolean",
        FieldKind.Timestamp => "date",
        FieldKind.Object => "object",
        FieldKind.Array => "array",
        FieldKind.Point => "geopoint",
        FieldKind.Polygon => "polygon",
        FieldKind.File => "file",
        FieldKind.Bytes => "bytes",
        FieldKind.Reference => "*" + field.Target,
        _ => $"relation<{field.Target}>",
    };

    private static void Permissions(TablePermissions permissions, BsonWriter to)
    {
        Begin("class_permissions", to);
        foreach (var (name, operation) in Operations)
        {
            var rule = permissions[operation];
            Begin(name, to);
            foreach (var principal in rule.Principals.Order(StringComparer.Ordinal))
            {
                True(principal, to);
            }
            if (rule.Public)
            {
                True(RowAcl.Everybody, to);
            }
            if (rule.RequiresAuthentication)
            {
                True("requiresAuthentication", to);
            }
            if (!rule.ReferenceFields.IsEmpty)
            {
                Texts("pointerFields", rule.ReferenceFields, to);
            }
            to.End();
        }
        if (!permissions.ReadReferenceFields.IsEmpty)
        {
            Texts("readUserFields", permissions.ReadReferenceFields, to);
        }
        if (!permissions.WriteReferenceFields.IsEmpty)
        {
            Texts("writeUserFields", permissions.WriteReferenceFields, to);
        }
        Begin("protectedFields", to);
        foreach (var (group, fields) in permissions.ProtectedFields)
        {
            Texts(group, fields, to);
        }
        to.End();
        if (permissions.DefaultAcl is { } acl)
        {
            Begin("ACL", to);
            string[] readers = acl.Read.IsDefault ? [] : [.. acl.Read];
            string[] writers = acl.Write.IsDefault ? [] : [.. acl.Write];
            foreach (var principal in readers.Union(writers, StringComparer.Ordinal))
            {
                Begin(principal, to);
                if (readers.Contains(principal))
                {
                    True("read", to);
                }
                if (writers.Contains(principal))
                {
                    True("write", to);
                }
                to.End();
            }
            to.End();
        }
        to.End();
    }

    private static void Options(Table table, BsonWriter to)
    {
        Begin("fields_options", to);
        foreach (var field in table.Fields.Where(f => f.Required || f.Default is not null || f.OptionalStated))
        {
            Begin(field.Name, to);
            if (field.Required || field.OptionalStated)
            {
                Flag("required", field.Required, to);
            }
            if (field.Default is { } value)
            {
                Default(value, to);
            }
            to.End();
        }
        to.End();
    }

    // Defaults stand in the schema in the forms of the REST API.
    private static void Default(in Value value, BsonWriter to)
    {
        var name = "defaultValue"u8;
        switch (value.Kind)
        {
            case ValueKind.Timestamp:
                var iso = new Values.Buffer(32);
                Instants.TryWriteIso(value.AsMilliseconds, iso);
                Form("Date", "iso", Encoding.ASCII.GetString(iso.Written), to);
                break;
            case ValueKind.Bytes:
                Form("Bytes", "base64", Convert.ToBase64String(value.AsBytes), to);
                break;
            case ValueKind.File:
                Form("File", "name", value.AsText, to);
                break;
            case ValueKind.Reference:
                to.Element(BsonType.Document, name);
                to.Begin();
                Text("__type", "Pointer", to);
                Text("className", value.AsReference.Target, to);
                Text("objectId", value.AsReference.Id, to);
                to.End();
                break;
            case ValueKind.Point:
                to.Element(BsonType.Document, name);
                to.Begin();
                Text("__type", "GeoPoint", to);
                NestedToBson.WriteNumber("latitude"u8, value.AsPoint.Latitude, to);
                NestedToBson.WriteNumber("longitude"u8, value.AsPoint.Longitude, to);
                to.End();
                break;
            default:
                using (var json = JsonDocument.Parse(RestJson.ToBytes(value), RestToBson.Options))
                {
                    RestToBson.Write(name, json.RootElement, to);
                }
                break;
        }
    }

    private static void Form(string type, string key, string content, BsonWriter to)
    {
        Begin("defaultValue", to);
        Text("__type", type, to);
        Text(key, content, to);
        to.End();
    }

    private static void Indexes(Table table, BsonWriter to)
    {
        Begin("indexes", to);
        Begin("_id_", to);
        NestedToBson.WriteNumber("_id"u8, 1, to);
        to.End();
        foreach (var index in table.Indexes.Where(i => i.Name != "_id_"))
        {
            NestedToBson.Write(Encoding.UTF8.GetBytes(index.Name), Encoding.UTF8.GetBytes(index.DefinitionJson), to);
        }
        to.End();
    }

    private static void Begin(string name, BsonWriter to)
    {
        to.Element(BsonType.Document, Encoding.UTF8.GetBytes(name));
        to.Begin();
    }

    private static void Text(string name, string text, BsonWriter to)
    {
        to.Element(BsonType.Text, Encoding.UTF8.GetBytes(name));
        to.Text(Encoding.UTF8.GetBytes(text));
    }

    private static void Texts(string name, IEnumerable<string> texts, BsonWriter to)
    {
        to.Element(BsonType.Array, Encoding.UTF8.GetBytes(name));
        StoredForms.WriteTexts([.. texts], to);
    }

    private static void True(string name, BsonWriter to) => Flag(name, true, to);

    private static void Flag(string name, bool value, BsonWriter to)
    {
        to.Element(BsonType.Boolean, Encoding.UTF8.GetBytes(name));
        to.Byte(value ? (byte)1 : (byte)0);
    }
}
