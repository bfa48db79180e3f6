using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>Writes rows in the dialect's JSON (contract 5.1, 9.8, 9.9).</summary>
internal sealed class RowWriter(ValueWriter values)
{
    /// <summary>Writes the keys of a row into an object that has been started, so that a class can add its own.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="row">The row.</param>
    /// <param name="wanted">The columns wanted and what is included; null: everything as it is.</param>
    /// <param name="included">The rows that come along; null: none.</param>
    public void WriteKeys(Utf8JsonWriter writer, Row row, IncludeNode? wanted = null, IncludedRows? included = null)
    {
        writer.WriteString("objectId"u8, row.Id);
        writer.WritePropertyName("createdAt"u8);
        WireDate.Write(writer, row.CreatedAt);
        writer.WritePropertyName("updatedAt"u8);
        WireDate.Write(writer, row.UpdatedAt);
        var all = wanted is null or { Keys: null, Excluded: null };
        var children = wanted is { Children.Count: > 0 } && included is not null ? wanted : null;
        var fields = row.Fields;
        for (var i = 0; i < fields.Length; i++)
        {
            var field = fields[i];
            if (!all && !wanted!.Wants(field.Name))
                continue;
            if (field.Kind == FieldKind.Relation)
            {
                if (row.IsHidden(i))
                    continue;
                writer.WritePropertyName(field.Name);
                ValueWriter.WriteRelation(writer, field.Target!);
            }
            else if (field.Column is not null && !row.IsNull(i))
            {
                if (children?.Find(field.Name) is { } child)
                    WriteIncluded(writer, row, i, field, child, included!);
                else
                    WriteField(writer, row, i, field);
            }
        }

        foreach (var (name, value) in row.Rest)
        {
            if (!all && !wanted!.Wants(name))
                continue;
            if (children?.Find(name) is { } child && value.Kind is ValueKind.Reference or ValueKind.Array or ValueKind.Object)
            {
                WriteIncluded(writer, name, value, child, included!);
                continue;
            }

            writer.WritePropertyName(name);
            values.Write(writer, value);
        }

        if (row.Score is { } score)
            writer.WriteNumber("score"u8, score);
        if (row.Acl is { } acl && row.Table.Origin != ClassName.Session)
        {
            writer.WritePropertyName("ACL"u8);
            AclJson.Write(writer, acl);
        }
    }

    private void WriteField(Utf8JsonWriter writer, Row row, int i, Field field)
    {
        writer.WritePropertyName(field.Name);
        switch (field.Kind)
        {
            case FieldKind.Text: writer.WriteStringValue(row.GetUtf8(i)); break;
            case FieldKind.Number: ValueWriter.WriteNumber(writer, row.GetNumber(i)); break;
            case FieldKind.Boolean: writer.WriteBooleanValue(row.GetBoolean(i)); break;
            case FieldKind.Timestamp: ValueWriter.WriteDate(writer, row.GetTimestamp(i)); break;
            case FieldKind.Bytes: ValueWriter.WriteBytes(writer, row.GetBytes(i)); break;
            case FieldKind.Object or FieldKind.Array: writer.WriteRawValue(row.GetUtf8(i), skipInputValidation: true); break;
            case FieldKind.Reference: ValueWriter.WritePointer(writer, field.Target!, row.GetUtf8(i)); break;
            case FieldKind.Point: ValueWriter.WritePoint(writer, row.GetPoint(i)); break;
            case FieldKind.Polygon: ValueWriter.WritePolygon(writer, row.GetRing(i)); break;
            default: values.WriteFile(writer, System.Text.Encoding.UTF8.GetString(row.GetUtf8(i))); break;
        }
    }

    private void WriteIncluded(Utf8JsonWriter writer, Row row, int i, Field field, IncludeNode child, IncludedRows included)
    {
        if (field.Kind is FieldKind.Reference or FieldKind.Array or FieldKind.Object)
            WriteIncluded(writer, field.Name, row.GetValue(i), child, included);
        else
            WriteField(writer, row, i, field);
    }

    /// <summary>A pointer whose row is missing or not readable takes its key with it.</summary>
    private void WriteIncluded(Utf8JsonWriter writer, string name, in Value value, IncludeNode child, IncludedRows included)
    {
        if (value.Kind == ValueKind.Reference)
        {
            if (included.Find(value.AsReference.Target, value.AsReference.Id) is not { } row)
                return;
            writer.WritePropertyName(name);
            WriteObject(writer, row, child, included);
            return;
        }

        writer.WritePropertyName(name);
        if (IncludedRows.MayHoldPointer(value.AsBytes))
            WriteNested(writer, IncludedRows.Parse(value.AsBytes), child, included);
        else
            writer.WriteRawValue(value.AsBytes, skipInputValidation: true);
    }

    private void WriteObject(Utf8JsonWriter writer, Row row, IncludeNode node, IncludedRows included)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Object"u8);
        writer.WriteString("className"u8, row.Table.Origin);
        WriteKeys(writer, row, node, included);
        writer.WriteEndObject();
    }

    private void WriteNested(Utf8JsonWriter writer, JsonElement json, IncludeNode node, IncludedRows included)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var element in json.EnumerateArray())
            {
                if (IncludedRows.AsPointer(element) is not { } pointer)
                    WriteNested(writer, element, node, included);
                else if (included.Find(pointer.Target, pointer.Id) is { } row)
                    WriteObject(writer, row, node, included);
            }

            writer.WriteEndArray();
            return;
        }

        if (json.ValueKind != JsonValueKind.Object || node.Children.Count == 0)
        {
            writer.WriteRawValue(json.GetRawText(), skipInputValidation: true);
            return;
        }

        writer.WriteStartObject();
        foreach (var property in json.EnumerateObject())
        {
            var child = node.Find(property.Name);
            if (child is null)
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRawValue(property.Value.GetRawText(), skipInputValidation: true);
            }
            else if (IncludedRows.AsPointer(property.Value) is { } pointer)
            {
                if (included.Find(pointer.Target, pointer.Id) is not { } row)
                    continue;
                writer.WritePropertyName(property.Name);
                WriteObject(writer, row, child, included);
            }
            else
            {
                writer.WritePropertyName(property.Name);
                WriteNested(writer, property.Value, child, included);
            }
        }

        writer.WriteEndObject();
    }
}
