using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Writes the documents of an aggregate in the dialect's JSON: first-level keys by the class's fields, types by their marks (contract section 10).</summary>
/// <param name="values">Writes values.</param>
/// <param name="table">The class that the pipeline began with.</param>
/// <param name="hasPointerKey">Whether a key of groups is a pointer's text, of which the id is shown.</param>
/// <param name="rawNames">Keys stay those of the old database.</param>
/// <param name="rawValues">Types are written in MongoDB's extended JSON.</param>
internal sealed class DocumentWriter(ValueWriter values, Table table, bool hasPointerKey, bool rawNames, bool rawValues)
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = NestedJson.MaxDepth + 20 };

    /// <summary>Writes a document of a pipeline.</summary>
    public void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        var root = document.RootElement;
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (rawNames)
            {
                if (member.Name is not ("_rperm" or "_wperm"))
                    WriteMember(writer, member.Name, member.Value);
                continue;
            }

            WriteNamed(writer, root, member);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes a value of a distinct.</summary>
    public void WriteDistinct(Utf8JsonWriter writer, ReadOnlyMemory<byte> json, Field? reference)
    {
        using var document = JsonDocument.Parse(json, Deep);
        if (reference is not null && document.RootElement.ValueKind == JsonValueKind.String)
            WritePointer(writer, document.RootElement);
        else
            WriteValue(writer, document.RootElement);
    }

    private void WriteNamed(Utf8JsonWriter writer, JsonElement root, JsonProperty member)
    {
        var value = member.Value;
        switch (member.Name)
        {
            case "_id":
                writer.WritePropertyName("objectId"u8);
                WriteKey(writer, value);
                return;
            case "_created_at" or "_updated_at":
                var name = member.Name == "_created_at" ? "createdAt" : "updatedAt";
                if (!root.TryGetProperty(name, out _))
                    WriteTime(writer, name, value);
                return;
            case "createdAt" or "updatedAt":
                WriteTime(writer, member.Name, value);
                return;
            case "objectId" when root.TryGetProperty("_id", out _):
                return;
        }

        if (member.Name.StartsWith("_p_", StringComparison.Ordinal))
        {
            var field = member.Name[3..];
            if (value.ValueKind == JsonValueKind.Null || root.TryGetProperty(field, out _))
                return;
            writer.WritePropertyName(field);
            if (value.ValueKind == JsonValueKind.String && value.GetString()!.Contains('$', StringComparison.Ordinal))
                WritePointer(writer, value);
            else
                WriteValue(writer, value);
            return;
        }

        if (!member.Name.StartsWith('_'))
            WriteMember(writer, member.Name, value);
    }

    private void WriteMember(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        var kind = rawNames || rawValues ? null : table.Find(name)?.Kind;
        switch (kind)
        {
            case FieldKind.File when value.ValueKind == JsonValueKind.String:
                values.WriteFile(writer, value.GetString()!);
                break;
            case FieldKind.Point when AsPoint(value) is { } point:
                ValueWriter.WritePoint(writer, point);
                break;
            case FieldKind.Polygon when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("coordinates", out var rings) && rings.ValueKind == JsonValueKind.Array
                && rings.GetArrayLength() > 0 && rings[0].ValueKind == JsonValueKind.Array && rings[0].EnumerateArray().All(p => AsPoint(p) is not null):
                ValueWriter.WritePolygon(writer, [.. rings[0].EnumerateArray().Select(p => AsPoint(p)!.Value)]);
                break;
            default:
                WriteValue(writer, value);
                break;
        }
    }

    /// <summary>A group's key: what is empty counts as none.</summary>
    private void WriteKey(Utf8JsonWriter writer, JsonElement key)
    {
        var isEmpty = key.ValueKind switch
        {
            JsonValueKind.String => key.GetString()!.Length == 0,
            JsonValueKind.Array => key.GetArrayLength() == 0,
            JsonValueKind.Object => !key.EnumerateObject().Any(),
            _ => key.ValueKind == JsonValueKind.Null,
        };
        if (isEmpty)
            writer.WriteNullValue();
        else if (hasPointerKey && key.ValueKind == JsonValueKind.String && key.GetString()!.Split('$', 2) is [_, var id])
            writer.WriteStringValue(id);
        else
            WriteValue(writer, key);
    }

    private void WriteTime(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        if (!rawValues && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("$date", out var milliseconds))
            WireDate.Write(writer, milliseconds.GetInt64());
        else
            WriteValue(writer, value);
    }

    private void WriteValue(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                ValueWriter.WriteNumber(writer, value.GetDouble());
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                    WriteValue(writer, element);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                if (!TryWriteMarked(writer, value))
                    WriteObject(writer, value);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, JsonElement value)
    {
        writer.WriteStartObject();
        foreach (var member in value.EnumerateObject())
        {
            // Of a joined document too nobody sees who may read it.
            if (member.Name is "_rperm" or "_wperm")
                continue;
            writer.WritePropertyName(member.Name);
            WriteValue(writer, member.Value);
        }

        writer.WriteEndObject();
    }

    private bool TryWriteMarked(Utf8JsonWriter writer, JsonElement value)
    {
        foreach (var member in value.EnumerateObject())
        {
            switch (member.Name)
            {
                case "$date" when rawValues:
                    writer.WriteStartObject();
                    writer.WriteString("$date"u8, WireDate.Format(member.Value.GetInt64()));
                    writer.WriteEndObject();
                    return true;
                case "$date":
                    ValueWriter.WriteDate(writer, member.Value.GetInt64());
                    return true;
                case "$bytes" when rawValues:
                    writer.WriteStartObject();
                    writer.WriteStartObject("$binary"u8);
                    writer.WriteString("base64"u8, member.Value.GetString());
                    writer.WriteString("subType"u8, "00"u8);
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                    return true;
                case "$bytes" or "$json" or "$number" or "$foreign" or "$polygon":
                    values.Write(writer, RestJson.Read(value));
                    return true;
            }

            return false;
        }

        return false;
    }

    private static void WritePointer(Utf8JsonWriter writer, JsonElement text)
    {
        var parts = text.GetString()!.Split('$', 2);
        ValueWriter.WritePointer(writer, parts[0], parts.Length > 1 ? parts[1] : "");
    }

    private static GeoPoint? AsPoint(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && value[0].ValueKind == JsonValueKind.Number && value[1].ValueKind == JsonValueKind.Number
            ? new GeoPoint(value[0].GetDouble(), value[1].GetDouble())
            : null;
}
