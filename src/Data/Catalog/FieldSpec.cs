using Backend.Data.Values;

namespace Backend.Data.Catalog;

/// <summary>A field that a request or import needs: name, type and, for references and relations, <see cref="Table.Origin"/> of the target.</summary>
public sealed record FieldSpec(string Name, FieldKind Kind, string? Target = null)
{
    /// <summary>See <see cref="Field.Required"/>.</summary>
    public bool Required { get; init; }

    /// <summary>See <see cref="Field.OptionalStated"/>.</summary>
    public bool OptionalStated { get; init; }

    /// <summary>See <see cref="Field.Default"/>.</summary>
    public Value? Default { get; init; }
}
