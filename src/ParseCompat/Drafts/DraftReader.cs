using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Drafts;

/// <summary>Reads the body of a create or update (contract sections 5.2, 6, 7, 8).</summary>
internal static class DraftReader
{
    /// <summary>Reads the body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="className">The class, for the texts of errors.</param>
    /// <param name="isCreate">In a create, operations stand for the value that they make of nothing.</param>
    /// <param name="internals">Keys that are no fields and may be written all the same; null: none.</param>
    /// <exception cref="ParseError">105, 107, 108, 111, 121, 123 as the contract says.</exception>
    public static Draft Read(RequestBody body, string className, bool isCreate, FrozenSet<string>? internals = null)
    {
        var draft = new Draft();
        var fields = new KeyedList<DraftField>();
        var reader = body.Reader();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Envelope.Owns(reader.ValueSpan))
            {
                reader.Skip();
                continue;
            }

            var key = JsonText.Read(ref reader);
            reader.Read();
            if (internals?.Contains(key) == true)
            {
                draft.Internals.Add(new(key, JsonElement.ParseValue(ref reader)));
                continue;
            }

            ReadField(ref reader, key, className, isCreate, draft, fields);
        }

        draft.Fields.AddRange(fields.Values);
        var points = 0;
        foreach (var field in draft.Fields)
        {
            if (field.Kind == FieldKind.Point && ++points > 1)
                throw new ParseError(ErrorCode.IncorrectType, "there can only be one geopoint field in a class");
        }

        return draft;
    }

    private static void ReadField(ref Utf8JsonReader reader, string key, string className, bool isCreate, Draft draft, KeyedList<DraftField> fields)
    {
        if (ReadSystemKey(ref reader, key, className, draft))
            return;
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var name = dot < 0 ? key : key[..dot];
        // An update takes id for a field like any other.
        if (key == "id" && isCreate)
            throw new ParseError(ErrorCode.InvalidKeyName, "id is an invalid field name.");
        if (!ClassName.IsValidField(name, className))
            throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid field name: {key}.");
        if (dot >= 0 && PlainType(name) is { } plain)
            throw new ParseError(ErrorCode.IncorrectType, $"schema mismatch for {className}.{name}; expected {plain} but got Object");

        var steps = dot < 0 ? [] : ReadSteps(key, dot);
        if (ReadAction(ref reader, key, name, className, isCreate, isNested: dot >= 0) is not { } field)
            return;
        if (steps.Length > 0)
        {
            // A relation is a field of the class, never a place inside of one.
            if (field.Action == DraftAction.Relate)
                throw new ParseError(ErrorCode.IncorrectType, $"schema mismatch for {className}.{name}; expected Object but got Relation<{field.Target}>");
            // The root of a nested key: an array when the next step is a position.
            field = field with
            {
                Steps = steps,
                Kind = field.Kind is null ? null : steps[0].AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? FieldKind.Array : FieldKind.Object,
                Target = null,
            };
        }

        fields.Put(key, field);
    }

    /// <summary>Reads a key that every class has; false: it is another one.</summary>
    private static bool ReadSystemKey(ref Utf8JsonReader reader, string key, string className, Draft draft)
    {
        switch (key)
        {
            case "objectId":
                draft.NamesObjectId = true;
                draft.ObjectId = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0 ? JsonText.Read(ref reader) : null;
                reader.Skip();
                return true;
            case "createdAt" or "updatedAt":
                ReadTime(ref reader, key, className, draft);
                return true;
            case "ACL":
                draft.Acl = reader.TokenType == JsonTokenType.Null ? null : AclJson.Read(ref reader);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Reads a time that only the maintenance key sets: for all others the server's wins.</summary>
    private static void ReadTime(ref Utf8JsonReader reader, string key, string className, Draft draft)
    {
        // Not to be taken away either: the server's time wins over that as well.
        if (reader.TokenType == JsonTokenType.StartObject && ValueReader.FindText(reader, "__op"u8) == "Delete")
        {
            reader.Skip();
            return;
        }

        var time = ReadTyped(ref reader);
        if (time.Kind is not { } kind)
            return;
        if (kind != FieldKind.Timestamp)
        {
            throw new ParseError(ErrorCode.IncorrectType,
                $"schema mismatch for {className}.{key}; expected Date but got {ErrorMapping.TypeName(kind, time.Target)}");
        }

        if (key == "createdAt")
            draft.CreatedAt = time.Value;
        else
            draft.UpdatedAt = time.Value;
    }

    /// <summary>The steps behind a key's first dot.</summary>
    private static ImmutableArray<string> ReadSteps(string key, int dot)
    {
        var steps = key[(dot + 1)..].Split('.').ToImmutableArray();
        if (steps.Length > NestedJson.MaxDepth)
            throw new ParseError(ErrorCode.InvalidKeyName, $"Field {key[..dot]} is nested too deeply.");
        foreach (var step in steps)
        {
            if (step.Length is 0 or > ClassName.MaxNameLength || step.Contains('$', StringComparison.Ordinal))
                throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid field name for update: {key}");
        }

        return steps;
    }

    private static DraftField? ReadAction(ref Utf8JsonReader reader, string key, string name, string className, bool isCreate, bool isNested)
    {
        if (reader.TokenType == JsonTokenType.StartObject && ValueReader.FindText(reader, "__op"u8) is { } op)
            return ReadOperation(ref reader, op, key, name, className, isCreate);
        var at = reader;
        var value = ReadTyped(ref reader);
        // Inside an object a typed value is the JSON that it came as.
        if (isNested && at.TokenType == JsonTokenType.StartObject && value.Kind is not FieldKind.Object)
            value = new TypedValue(Value.Object(ValueReader.ReadNested(ref at)), FieldKind.Object);
        return new DraftField
        {
            Key = key,
            Name = name,
            Action = value.Kind == FieldKind.Relation ? DraftAction.Nothing : DraftAction.Set,
            Value = value.Value,
            Kind = value.Kind,
            Target = value.Target,
            Nested = value.Nested,
        };
    }

    private static DraftField? ReadOperation(ref Utf8JsonReader reader, string op, string key, string name, string className, bool isCreate)
    {
        var at = reader;
        reader.Skip();
        var field = new DraftField { Key = key, Name = name, IsOperation = true };
        switch (op)
        {
            case "Increment":
                // 1e400 is a number to JSON and none that could be added to anything (contract 5: infinity cannot be sent).
                if (!Move(ref at, "amount"u8) || at.TokenType != JsonTokenType.Number || NestedJson.ReadNumber(ref at) is var amount && !double.IsFinite(amount))
                    throw new ParseError(ErrorCode.InvalidJson, isCreate ? "objects to add must be an array" : "incrementing must provide a number");
                field = field with { Kind = FieldKind.Number };
                return isCreate ? field with { Value = Value.Of(amount) } : field with { Action = DraftAction.Increment, Amount = amount };
            case "Add" or "AddUnique" or "Remove":
                if (!Move(ref at, "objects"u8) || at.TokenType != JsonTokenType.StartArray)
                    throw new ParseError(ErrorCode.InvalidJson, op == "Remove" && !isCreate ? "objects to remove must be an array" : "objects to add must be an array");
                var elements = ValueReader.ReadNested(ref at);
                field = field with { Kind = FieldKind.Array };
                if (isCreate)
                    return field with { Value = Value.Array(op == "Remove" ? "[]"u8.ToArray() : elements) };
                return field with
                {
                    Action = op switch { "Add" => DraftAction.Add, "AddUnique" => DraftAction.AddUnique, _ => DraftAction.Remove },
                    Elements = elements,
                };
            case "Delete":
                return isCreate ? null : field with { Action = DraftAction.Delete };
            case "AddRelation" or "RemoveRelation" or "Batch":
                return ReadRelation(at, op, field, className);
            default:
                throw new ParseError(ErrorCode.CommandUnavailable, $"The {op} operator is not supported yet.");
        }
    }

    /// <summary>Relation operations; a batch of them is taken together, the last word on an id counts.</summary>
    private static DraftField? ReadRelation(Utf8JsonReader reader, string op, DraftField field, string className)
    {
        var related = new Dictionary<string, (bool IsLinked, int Order)>(StringComparer.Ordinal);
        var order = 0;
        string? target = null;
        var element = JsonElement.ParseValue(ref reader);
        if (op != "Batch")
        {
            Relate(element, op);
        }
        else if (element.TryGetProperty("ops", out var ops) && ops.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in ops.EnumerateArray())
            {
                var itemOp = item.ValueKind == JsonValueKind.Object && item.TryGetProperty("__op", out var name) && name.ValueKind == JsonValueKind.String
                    ? JsonText.Read(name)
                    : "";
                Relate(item, itemOp);
            }
        }

        if (target is null)
            return null; // no objects: nothing happens
        return field with
        {
            Action = DraftAction.Relate,
            Kind = FieldKind.Relation,
            Target = target,
            Linked = Related(isLinked: true),
            Unlinked = Related(isLinked: false),
        };

        void Relate(JsonElement relate, string kind)
        {
            if (kind is not ("AddRelation" or "RemoveRelation"))
                throw new ParseError(ErrorCode.CommandUnavailable, $"The {(kind.Length == 0 ? op : kind)} operator is not supported yet.");
            if (!relate.TryGetProperty("objects", out var objects) || objects.ValueKind != JsonValueKind.Array)
                throw new ParseError(ErrorCode.InvalidJson, kind == "AddRelation" ? "objects to add must be an array" : "objects to remove must be an array");
            var isLinked = kind == "AddRelation";
            foreach (var pointer in objects.EnumerateArray())
            {
                if (ValueReader.Read(pointer) is not { Kind: FieldKind.Reference, Target: { } pointed, Value: var value })
                    throw ValueReader.NotValid("Pointer");
                target ??= pointed;
                if (pointed != target)
                {
                    throw new ParseError(ErrorCode.IncorrectType,
                        $"schema mismatch for {className}.{field.Name}; expected Relation<{target}> but got Relation<{pointed}>");
                }

                var id = value.AsReference.Id;
                if (!related.TryGetValue(id, out var before) || before.IsLinked != isLinked)
                    related[id] = (isLinked, order++);
            }
        }

        ImmutableArray<string> Related(bool isLinked) => [.. related.Where(r => r.Value.IsLinked == isLinked).OrderBy(r => r.Value.Order).Select(r => r.Key)];
    }

    /// <summary>The type of a field of every class that has no places inside; null: another field.</summary>
    private static string? PlainType(string name) => name switch
    {
        "ACL" => "ACL",
        "createdAt" or "updatedAt" => "Date",
        "objectId" => "String",
        _ => null,
    };

    private static TypedValue ReadTyped(ref Utf8JsonReader reader) => ValueReader.Read(ref reader);

    /// <summary>Moves into the object that the reader stands at, to the value of a key.</summary>
    private static bool Move(ref Utf8JsonReader reader, ReadOnlySpan<byte> key)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(key);
            reader.Read();
            if (isIt)
                return true;
            reader.Skip();
        }

        return false;
    }
}
