using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Drafts;

/// <summary>What a key of a write's body asks for.</summary>
internal enum DraftAction
{
    Set,
    Increment,
    Add,
    AddUnique,
    Remove,
    Delete,

    /// <summary>Relation operations: link and unlink.</summary>
    Relate,

    /// <summary>A value that changes nothing (a relation's placeholder) but asks for its field.</summary>
    Nothing,
}

/// <summary>One key of a write's body, before the catalog is asked.</summary>
internal sealed record DraftField
{
    /// <summary>The key as it came, dots and all.</summary>
    public required string Key { get; init; }

    /// <summary>The field: the key up to its first dot.</summary>
    public required string Name { get; init; }

    /// <summary>The steps behind the first dot.</summary>
    public ImmutableArray<string> Steps { get; init; } = [];

    /// <summary>What to do.</summary>
    public DraftAction Action { get; init; }

    /// <summary>The value of a set.</summary>
    public Value Value { get; init; }

    /// <summary>The summand of an increment.</summary>
    public double Amount { get; init; }

    /// <summary>The elements of an array operation, a JSON array.</summary>
    public byte[]? Elements { get; init; }

    /// <summary>What a relation operation links.</summary>
    public ImmutableArray<string> Linked { get; init; } = [];

    /// <summary>What a relation operation unlinks.</summary>
    public ImmutableArray<string> Unlinked { get; init; } = [];

    /// <summary>The field's type that this asks for; null asks for none (null, Delete).</summary>
    public FieldKind? Kind { get; init; }

    /// <summary>The class that a pointer or relation names.</summary>
    public string? Target { get; init; }

    /// <summary>See <see cref="TypedValue.Nested"/>.</summary>
    public byte[]? Nested { get; init; }

    /// <summary>It came as an operation: its result stands in the answer.</summary>
    public bool IsOperation { get; init; }
}

/// <summary>The body of a create or update as read: no names resolved, no table known. System classes look at it and change it.</summary>
internal sealed class Draft
{
    /// <summary>The fields in the order of the body.</summary>
    public List<DraftField> Fields { get; } = [];

    /// <summary>The objectId that the body names, or null.</summary>
    public string? ObjectId { get; set; }

    /// <summary>The body has the key objectId, whatever its value.</summary>
    public bool NamesObjectId { get; set; }

    /// <summary>The access list to store; null: none was given.</summary>
    public RowAcl? Acl { get; set; }

    /// <summary>The time that the body gives for the row's creation; counts with the maintenance key alone.</summary>
    public Value? CreatedAt { get; set; }

    /// <summary>The time that the body gives for the row's last change; counts with the maintenance key alone.</summary>
    public Value? UpdatedAt { get; set; }

    /// <summary>Keys of the class's internals, with what the body says of them; empty unless they may be written.</summary>
    public List<KeyValuePair<string, JsonElement>> Internals { get; } = [];

    /// <summary>The last entry of a key, or null.</summary>
    public DraftField? Find(string key)
    {
        for (var i = Fields.Count - 1; i >= 0; i--)
        {
            if (Fields[i].Key == key)
                return Fields[i];
        }

        return null;
    }

    /// <summary>The text that a key is set to; null when it is absent or set to something else.</summary>
    public string? Text(string key) => Find(key) is { Action: DraftAction.Set, Value.Kind: ValueKind.Text } field ? field.Value.AsText : null;

    /// <summary>Takes a key out.</summary>
    public DraftField? Take(string key)
    {
        var field = Find(key);
        if (field is not null)
            Fields.RemoveAll(f => f.Key == key);
        return field;
    }

    /// <summary>Sets a key to a value, as if the body had said so.</summary>
    public void Set(string key, TypedValue value)
    {
        Take(key);
        Fields.Add(new DraftField { Key = key, Name = key, Value = value.Value, Kind = value.Kind, Target = value.Target });
    }
}
