using System.Text.Json;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>The declared indexes of a schema's body (contract section 23).</summary>
internal static class IndexPlan
{
    /// <summary>The index that every class has and nobody declares.</summary>
    public const string PrimaryKey = "_id_";

    /// <summary>Adds what <paramref name="indexes"/> asks for to an alteration.</summary>
    public static TableAlteration Add(TableAlteration alteration, Table? table, JsonElement? indexes, Func<string, bool> hasField)
    {
        if (indexes is not { ValueKind: JsonValueKind.Object } declared)
            return alteration;
        var drop = new List<string>();
        var add = new List<IndexSpec>();
        foreach (var property in declared.EnumerateObject())
        {
            var exists = property.Name == PrimaryKey || (table is not null && table.Indexes.Any(i => i.Name == property.Name));
            if (property.Value.ValueKind != JsonValueKind.Object)
                throw new ParseError(ErrorCode.InvalidQuery, $"Index {property.Name} is not an object.");
            var isDelete = property.Value.TryGetProperty("__op", out var op) && op.ValueKind == JsonValueKind.String && op.ValueEquals("Delete");
            if (exists && !isDelete)
                throw SchemaErrors.IndexExists(property.Name);
            if (!exists && isDelete)
                throw SchemaErrors.NoSuchIndex(property.Name);
            if (isDelete)
                drop.Add(property.Name);
            else
                add.Add(Read(property, hasField));
        }

        // With the first declared index the primary key's is listed too, and stays.
        if (add.Count > 0 && (table is null || table.Indexes.IsEmpty))
            add.Add(new IndexSpec(PrimaryKey, """{"_id":1}""", []));
        return alteration with { DropIndexes = drop, AddIndexes = add };
    }

    private static IndexSpec Read(JsonProperty index, Func<string, bool> hasField)
    {
        var columns = new List<(string, bool)>();
        var isOrdered = true;
        foreach (var key in index.Value.EnumerateObject())
        {
            var name = key.Name.StartsWith("_p_", StringComparison.Ordinal) ? key.Name[3..] : key.Name;
            if (!hasField(name))
                throw SchemaErrors.NoSuchIndexedField(key.Name);
            // Other kinds ("text", "2dsphere", "hashed") are noted as they came.
            isOrdered &= key.Value.ValueKind == JsonValueKind.Number && name != "ACL";
            if (isOrdered)
                columns.Add((name == "objectId" ? Field.Id.Name : name, key.Value.GetDouble() < 0));
        }

        return new IndexSpec(index.Name, index.Value.GetRawText(), isOrdered ? columns : []);
    }
}
