using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Backend.Api.V2.Rows.Planning;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Writing;

/// <summary>
/// Writes rows as JSON objects, column by column, without intermediate strings. A value that is not of its column's type (old data is
/// mixed-typed) is written as null and reported beside it: <c>"$untyped": {"score": "ten"}</c>.
/// </summary>
internal sealed class RowWriter
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly JsonEncodedText Untyped = JsonEncodedText.Encode("$untyped");

    private readonly ImmutableArray<Output> _outputs;
    private readonly JsonEncodedText[] _names;
    private readonly RowWriter?[] _embedded;
    private readonly int[] _positions;
    private readonly bool _stripNulls;
    private readonly FileUrls _files;
    private ImmutableArray<Field> _fields;
    private List<(string Name, Value Value)>? _untyped;

    public RowWriter(ImmutableArray<Output> outputs, bool stripNulls, FileUrls files)
    {
        _outputs = outputs;
        _stripNulls = stripNulls;
        _files = files;
        _names = [.. outputs.Select(o => JsonEncodedText.Encode(o.Name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping))];
        _embedded = [.. outputs.Select(o => o is Output.Embedded embedded ? new RowWriter(embedded.Outputs, stripNulls, files) : null)];
        _positions = new int[outputs.Length];
    }

    /// <summary>Writes a row; <paramref name="embedded"/> holds the rows that its embedded references lead to, by table and id.</summary>
    public void Write(Utf8JsonWriter json, Row row, EmbeddedRows embedded)
    {
        if (_fields != row.Fields)
            Locate(row.Fields);
        json.WriteStartObject();
        for (var i = 0; i < _outputs.Length; i++)
            WriteMember(json, row, i, embedded);
        if (_untyped is { Count: > 0 })
            WriteUntyped(json);
        json.WriteEndObject();
    }

    private void Locate(ImmutableArray<Field> fields)
    {
        _fields = fields;
        for (var i = 0; i < _outputs.Length; i++)
        {
            var field = _outputs[i] switch
            {
                Output.Column column => column.Field,
                Output.Inside inside => inside.Field,
                Output.Embedded reference => reference.Reference,
                _ => null,
            };
            _positions[i] = -1;
            for (var at = 0; field is not null && at < fields.Length; at++)
            {
                if (fields[at].Name == field.Name)
                    _positions[i] = at;
            }
        }
    }

    private void WriteMember(Utf8JsonWriter json, Row row, int i, EmbeddedRows embedded)
    {
        var name = _names[i];
        switch (_outputs[i])
        {
            case Output.Id:
                json.WriteString(name, row.Id);
                return;
            case Output.CreatedAt:
                json.WritePropertyName(name);
                ValueJson.WriteTimestamp(json, row.CreatedAt);
                return;
            case Output.UpdatedAt:
                json.WritePropertyName(name);
                ValueJson.WriteTimestamp(json, row.UpdatedAt);
                return;
            case Output.Acl:
                var acl = row.Acl;
                if (acl is null && _stripNulls)
                    return;
                json.WritePropertyName(name);
                ValueJson.WriteAcl(json, acl);
                return;
        }

        // A field that is not among those read is hidden from the caller.
        var position = _positions[i];
        if (position < 0)
            return;
        switch (_outputs[i])
        {
            case Output.Column column:
                WriteColumn(json, name, row, position, column);
                break;
            case Output.Inside inside:
                WriteInside(json, name, row, position, inside);
                break;
            case Output.Embedded reference:
                var target = EmbeddedRows.IdOf(row, position, reference.Reference) is { } id ? embedded.Find(reference.Target, id) : null;
                if (target is null && _stripNulls)
                    break;
                json.WritePropertyName(name);
                if (target is null)
                    json.WriteNullValue();
                else
                    _embedded[i]!.Write(json, target, EmbeddedRows.None);
                break;
        }
    }

    private void WriteColumn(Utf8JsonWriter json, JsonEncodedText name, Row row, int position, Output.Column column)
    {
        var field = column.Field;
        if (!row.IsNull(position))
        {
            json.WritePropertyName(name);
            WriteTyped(json, row, position, field.Kind);
            return;
        }

        if (FromRest(row, field) is { } value)
        {
            if (Fits(field.Kind, value))
            {
                json.WritePropertyName(name);
                ValueJson.Write(json, value, _files);
                return;
            }

            (_untyped ??= []).Add((column.Name, value));
        }

        if (!_stripNulls)
            json.WriteNull(name);
    }

    private void WriteTyped(Utf8JsonWriter json, Row row, int position, FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Text or FieldKind.Reference:
                json.WriteStringValue(row.GetUtf8(position));
                break;
            case FieldKind.Number:
                json.WriteNumberValue(row.GetNumber(position));
                break;
            case FieldKind.Boolean:
                json.WriteBooleanValue(row.GetBoolean(position));
                break;
            case FieldKind.Timestamp:
                ValueJson.WriteTimestamp(json, row.GetTimestamp(position));
                break;
            case FieldKind.Bytes:
                json.WriteBase64StringValue(row.GetBytes(position));
                break;
            case FieldKind.Object or FieldKind.Array:
                json.WriteRawValue(row.GetUtf8(position), skipInputValidation: true);
                break;
            case FieldKind.File:
                ValueJson.WriteFile(json, System.Text.Encoding.UTF8.GetString(row.GetUtf8(position)), _files);
                break;
            case FieldKind.Point:
                ValueJson.WritePoint(json, row.GetPoint(position));
                break;
            case FieldKind.Polygon:
                ValueJson.WritePolygon(json, row.GetRing(position));
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }

    private void WriteInside(Utf8JsonWriter json, JsonEncodedText name, Row row, int position, Output.Inside inside)
    {
        var utf8 = row.IsNull(position)
            ? FromRest(row, inside.Field) is { Kind: ValueKind.Object or ValueKind.Array } value ? value.AsBytes : []
            : row.GetUtf8(position);
        var found = JsonPlace.Find(utf8, inside.Steps);
        if (found.IsEmpty || found.SequenceEqual("null"u8))
        {
            if (!_stripNulls)
                json.WriteNull(name);
            return;
        }

        json.WritePropertyName(name);
        if (inside.AsText && found[0] != (byte)'"')
            json.WriteStringValue(found);
        else
            json.WriteRawValue(found, skipInputValidation: true);
    }

    private void WriteUntyped(Utf8JsonWriter json)
    {
        json.WriteStartObject(Untyped);
        foreach (var (name, value) in _untyped!)
        {
            json.WritePropertyName(name);
            ValueJson.Write(json, value, _files);
        }

        json.WriteEndObject();
        _untyped.Clear();
    }

    /// <summary>A value that stands in <c>rest</c>: none, or of another type, or one that the column cannot hold.</summary>
    private static Value? FromRest(Row row, Field field)
    {
        if (!field.HasRest && field.Column is not null)
            return null;
        foreach (var (name, value) in row.Rest)
        {
            if (name == field.Name)
                return value.IsNull ? null : value;
        }

        return null;
    }

    private static bool Fits(FieldKind kind, in Value value) => (kind, value.Kind) switch
    {
        (FieldKind.Text, ValueKind.Text) => true,
        (FieldKind.Number, ValueKind.Number) => double.IsFinite(value.AsNumber),
        (FieldKind.Boolean, ValueKind.Boolean) => true,
        (FieldKind.Timestamp, ValueKind.Timestamp) => ValueJson.IsDateTime(value.AsMilliseconds),
        (FieldKind.Bytes, ValueKind.Bytes) => true,
        (FieldKind.Object, ValueKind.Object) => true,
        (FieldKind.Array, ValueKind.Array) => true,
        (FieldKind.File, ValueKind.File) => true,
        (FieldKind.Reference, ValueKind.Reference) => true,
        (FieldKind.Point, ValueKind.Point) => value.AsPoint.IsFinite,
        (FieldKind.Polygon, ValueKind.Polygon) => value.AsRing.All(p => p.IsFinite),
        _ => false,
    };
}
