using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Reads a JSON value as a value of a field, in the forms in which v2 writes them.</summary>
internal static class WrittenValue
{
    /// <summary>The value; <see cref="Value.Null"/> for null.</summary>
    public static Value Read(Field field, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        return (field.Kind, reader.TokenType) switch
        {
            (_, JsonTokenType.Null) => Value.Null,
            (FieldKind.Text, JsonTokenType.String) => Value.Of(NestedJson.ReadString(ref reader)),
            (FieldKind.Number, JsonTokenType.Number) => NestedJson.ReadNumber(ref reader) is var number && double.IsFinite(number)
                ? Value.Of(number)
                : throw new Problem(400, "22003", "value out of range for type double precision", $"Field: {field.Name}"),
            (FieldKind.Boolean, JsonTokenType.True or JsonTokenType.False) => Value.Of(reader.GetBoolean()),
            (FieldKind.Timestamp, JsonTokenType.String) => Operands.Timestamp(NestedJson.ReadString(ref reader)) is { } instant
                ? Value.Of(instant)
                : throw Invalid(field, "An RFC 3339 instant is expected, such as 2026-01-31T12:00:00.000Z."),
            (FieldKind.Bytes, JsonTokenType.String) => Operands.Bytes(NestedJson.ReadString(ref reader)) is { } bytes
                ? Value.Of(bytes)
                : throw Invalid(field, "Base64 is expected."),
            (FieldKind.Object, JsonTokenType.StartObject) => Value.Object(NestedJson.Normalize(ref reader)),
            (FieldKind.Array, JsonTokenType.StartArray) => Value.Array(NestedJson.Normalize(ref reader)),
            (FieldKind.Reference, JsonTokenType.String) => Value.Reference(field.Target!, Id(field, NestedJson.ReadString(ref reader))),
            (FieldKind.File, JsonTokenType.StartObject) => Value.File(Id(field, Member(field, json, "name"))),
            (FieldKind.Point or FieldKind.Polygon, JsonTokenType.StartObject) => GeoJson.Read(field, json),
            _ => throw new Problem(400, ProblemCodes.Type, $"column \"{field.Name}\" is of type {Columns.TypeName(field.Kind)} but the value is {Name(reader.TokenType)}", Hint(field.Kind)),
        };
    }

    /// <summary>Whether a text holds neither NUL nor a lone surrogate, which no id or name may.</summary>
    public static bool IsPlain(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
                return false;
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }

        return true;
    }

    public static Problem Invalid(Field field, string details) =>
        new(400, ProblemCodes.Value, $"invalid input for column \"{field.Name}\" of type {Columns.TypeName(field.Kind)}", details);

    private static string Id(Field field, string id) => id.Length is > 0 and <= Limits.MaxIdLength && IsPlain(id)
        ? id
        : throw Invalid(field, $"A name of 1 to {Limits.MaxIdLength} characters is expected.");

    private static string Member(Field field, ReadOnlySpan<byte> json, string name)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = NestedJson.ReadString(ref reader) == name;
            reader.Read();
            if (found && reader.TokenType == JsonTokenType.String)
                return NestedJson.ReadString(ref reader);
            reader.Skip();
        }

        throw Invalid(field, $"An object with a text \"{name}\" is expected.");
    }

    private static string Name(JsonTokenType token) => token switch
    {
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        _ => "a boolean",
    };

    private static string Hint(FieldKind kind) => kind switch
    {
        FieldKind.Timestamp => "A timestamp is written as an RFC 3339 text.",
        FieldKind.Bytes => "Bytes are written as a base64 text.",
        FieldKind.Object => "An object is expected.",
        FieldKind.Array => "An array is expected.",
        FieldKind.Reference => "A reference is written as the id of the row, a text.",
        FieldKind.File => "A file is written as {\"name\": …}.",
        FieldKind.Point or FieldKind.Polygon => "A geometry is written as GeoJSON.",
        FieldKind.Number => "A number is expected.",
        FieldKind.Boolean => "true or false is expected.",
        _ => "A text is expected.",
    };
}
