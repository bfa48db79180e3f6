using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>One entry of a schema's <c>fields</c>: <c>{"type","targetClass"?,"required"?,"defaultValue"?}</c> or <c>{"__op":"Delete"}</c>.</summary>
internal sealed record FieldDeclaration(string Name, JsonElement Json)
{
    /// <summary>The field is to be dropped.</summary>
    public bool IsDelete => Text("__op") == "Delete";

    /// <summary>The type's name as it came, or null.</summary>
    public string? Type => Text("type");

    /// <summary>The declared fields of a body; empty when there are none. PHP writes an object without members as <c>[]</c>.</summary>
    /// <exception cref="ParseError">107: not an object; 105: a list with elements, whose names would be their positions.</exception>
    public static List<FieldDeclaration> Read(JsonElement? fields)
    {
        if (fields is not { } element || element.ValueKind == JsonValueKind.Null)
            return [];
        if (element.ValueKind == JsonValueKind.Array)
            return element.GetArrayLength() == 0 ? [] : throw SchemaErrors.InvalidFieldName("0");
        if (element.ValueKind != JsonValueKind.Object)
            throw new ParseError(ErrorCode.InvalidJson, "invalid JSON");
        var list = new List<FieldDeclaration>();
        foreach (var property in element.EnumerateObject())
        {
            list.RemoveAll(f => f.Name == property.Name);
            list.Add(new FieldDeclaration(property.Name, property.Value));
        }

        return list;
    }

    /// <summary>The type and options.</summary>
    /// <exception cref="ParseError">135, 103, 107, 111 as contract section 23 says.</exception>
    public FieldSpec ToSpec(string className)
    {
        var (kind, target) = ReadType();
        var spec = new FieldSpec(Name, kind, target)
        {
            Required = Get("required") is { ValueKind: JsonValueKind.True },
            OptionalStated = Get("required") is { ValueKind: JsonValueKind.False },
        };
        if (Get("defaultValue") is { ValueKind: not JsonValueKind.Null } value)
        {
            if (kind == FieldKind.Relation)
                throw new ParseError(ErrorCode.IncorrectType, $"The 'default value' option is not applicable for {ErrorMapping.TypeName(kind, target)}");
            return spec with { Default = ReadDefault(className, spec, value) };
        }

        if (spec.Required && kind == FieldKind.Relation)
            throw new ParseError(ErrorCode.IncorrectType, $"The 'required' option is not applicable for {ErrorMapping.TypeName(kind, target)}");
        return spec;
    }

    /// <summary>Whether it declares the type that the field has, whatever the target.</summary>
    public bool HasTypeOf(FieldSpec field) => Type is { } type && BaseName(field.Kind) == type;

    /// <summary>A type's name without its target.</summary>
    public static string BaseName(FieldKind kind) => kind switch
    {
        FieldKind.Reference => "Pointer",
        FieldKind.Relation => "Relation",
        _ => ErrorMapping.TypeName(kind, null),
    };

    private static Value ReadDefault(string className, FieldSpec spec, JsonElement json)
    {
        var value = ValueReader.Read(json);
        // An included object stands for itself where objects are kept.
        if (value.Nested is not null && spec.Kind == FieldKind.Object)
            return Value.Object(value.Nested);
        if (value.Kind != spec.Kind || value.Target != spec.Target)
        {
            throw new ParseError(ErrorCode.IncorrectType,
                $"schema mismatch for {className}.{spec.Name} default value; expected {ErrorMapping.TypeName(spec.Kind, spec.Target)} but got {ErrorMapping.TypeName(value.Kind!.Value, value.Target)}");
        }

        return value.Value;
    }

    private (FieldKind Kind, string? Target) ReadType()
    {
        var type = Type;
        if (type is "Pointer" or "Relation")
        {
            if (Get("targetClass") is not { } target || target.ValueKind is JsonValueKind.Null or JsonValueKind.False
                || (target.ValueKind == JsonValueKind.String && JsonText.Read(target).Length == 0))
            {
                throw new ParseError(ErrorCode.MissingRequiredField, $"type {type} needs a class name");
            }

            if (target.ValueKind != JsonValueKind.String)
                throw new ParseError(ErrorCode.InvalidJson, "invalid JSON");
            var className = JsonText.Read(target);
            if (!ClassName.IsValid(className))
                throw SchemaErrors.InvalidClassName(className);
            return (type == "Pointer" ? FieldKind.Reference : FieldKind.Relation, className);
        }

        return type switch
        {
            null => throw new ParseError(ErrorCode.InvalidJson, "invalid JSON"),
            "Number" => (FieldKind.Number, null),
            "String" => (FieldKind.Text, null),
            "Boolean" => (FieldKind.Boolean, null),
            "Date" => (FieldKind.Timestamp, null),
            "Object" => (FieldKind.Object, null),
            "Array" => (FieldKind.Array, null),
            "GeoPoint" => (FieldKind.Point, null),
            "File" => (FieldKind.File, null),
            "Bytes" => (FieldKind.Bytes, null),
            "Polygon" => (FieldKind.Polygon, null),
            _ => throw new ParseError(ErrorCode.IncorrectType, $"invalid field type: {type}"),
        };
    }

    private JsonElement? Get(string name) => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(name, out var value) ? value : null;

    private string? Text(string name) => Get(name) is { ValueKind: JsonValueKind.String } text ? JsonText.Read(text) : null;
}
