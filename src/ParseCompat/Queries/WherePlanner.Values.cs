using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <content>Values of conditions.</content>
internal sealed partial class WherePlanner
{
    /// <summary>Whether an object holds operators; others are values.</summary>
    private static bool IsConstraint(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return false;
        foreach (var part in value.EnumerateObject())
        {
            if (part.Name.StartsWith('$'))
                return true;
        }

        return false;
    }

    /// <summary>A value that stands directly under its key.</summary>
    private static Value Direct(FieldPath? path, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array || (value.ValueKind == JsonValueKind.Object && !IsTyped(value) && value.EnumerateObject().Any()))
            throw new ParseError(ErrorCode.InvalidJson, $"You cannot use {JavaScriptText.Of(value)} as a query parameter.");
        var read = ReadAtom(value, IsNested(path)) ?? throw new ParseError(ErrorCode.InvalidJson, $"You cannot use {JavaScriptText.Of(value)} as a query parameter.");

        // Only directly under its key a text stands for the time of creation or change.
        if (read.Kind == ValueKind.Text && path is { Field: var field } && (field == Field.CreatedAt || field == Field.UpdatedAt) && WireDate.Parse(read.AsText) is { } instant)
            return Value.Timestamp(instant);
        return read;
    }

    /// <summary>A value of an operator. A bare id stands for a pointer where the field is one.</summary>
    private static Value Atom(FieldPath? path, JsonElement value)
    {
        // Objects and arrays are compared with the elements of array columns only.
        var isNested = IsNested(path);
        if (path is not { Steps.IsEmpty: true, Field.Kind: FieldKind.Array } && (value.ValueKind == JsonValueKind.Array || (value.ValueKind == JsonValueKind.Object && !IsTyped(value))))
            throw BadAtom(value);
        var read = ReadAtom(value, isNested) ?? throw BadAtom(value);
        return read.Kind == ValueKind.Text && path is { Steps.IsEmpty: true, Field: { Kind: FieldKind.Reference, Target: { } target } }
            ? Value.Reference(target, read.AsText)
            : read;
    }

    /// <summary>The values of a list, nested lists flattened by one level.</summary>
    private static ImmutableArray<Value> List(FieldPath? path, JsonElement list, string name)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new ParseError(ErrorCode.InvalidJson, $"bad {name} value");
        var values = ImmutableArray.CreateBuilder<Value>(list.GetArrayLength());
        foreach (var element in list.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Array)
            {
                values.Add(Atom(path, element));
                continue;
            }

            foreach (var inner in element.EnumerateArray())
                values.Add(Atom(path, inner));
        }

        return values.ToImmutable();
    }

    /// <summary>Whether what stands at a path is JSON: inside an object, or an element of an array.</summary>
    private static bool IsNested(FieldPath? path) => path is { Steps.IsEmpty: false } or { Field.Kind: FieldKind.Array or FieldKind.Object };

    /// <summary>
    /// A value of a condition; null when it is none. Inside arrays and objects pointers, dates and the like are JSON objects, in the form in which
    /// they were stored: they are compared as such.
    /// </summary>
    private static Value? ReadAtom(JsonElement value, bool isNested)
    {
        try
        {
            if (ValueReader.Read(value) is not { Kind: not FieldKind.Relation, Value: var read })
                return null;
            return isNested && value.ValueKind == JsonValueKind.Object && read.Kind != ValueKind.Object
                ? Value.Object(NestedDates.Normalize(NestedJson.Normalize(Encoding.UTF8.GetBytes(value.GetRawText()))))
                : read;
        }
        catch (ParseError e) when (e.Code == ErrorCode.IncorrectType)
        {
            return null;
        }
    }

    private static JsonElement WithoutOperators(JsonElement value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var part in value.EnumerateObject())
            {
                if (part.Name.StartsWith('$'))
                    continue;
                writer.WritePropertyName(part.Name);
                writer.WriteRawValue(part.Value.GetRawText(), skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        return IncludedRows.Parse(stream.ToArray());
    }

    private static bool IsTyped(JsonElement value) => value.TryGetProperty("__type", out _);

    private static bool IsTruthy(JsonElement value) => new Parameter("", value).IsTruthy;

    // As it was sent: SDKs send it without blanks, and a writer would stop at 64 levels and at lone surrogates.
    private static ParseError BadAtom(JsonElement value) => new(ErrorCode.InvalidJson, $"bad atom: {value.GetRawText()}");

    /// <summary><c>^[a-zA-Z][a-zA-Z0-9_.]*$</c></summary>
    private static bool IsQueryKey(string key)
    {
        if (key.Length is 0 or > ClassName.MaxNameLength || !char.IsAsciiLetter(key[0]))
            return false;
        foreach (var c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.'))
                return false;
        }

        return true;
    }
}
