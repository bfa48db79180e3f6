namespace Backend.MongoImport.Rules;

/// <summary>What a rule settles about one class.</summary>
internal sealed record ClassRule
{
    /// <summary>Nothing is settled.</summary>
    public static ClassRule None { get; } = new();

    /// <summary>The name that the API shows.</summary>
    public string? Rename { get; init; }

    /// <summary>The class is left out, with its relations.</summary>
    public bool Skip { get; init; }

    /// <summary>Of documents with the same id the first read counts, not the last.</summary>
    public bool FirstWins { get; init; }

    /// <summary>See <see cref="FieldRule.Accept"/>: for what <c>check</c> says about the class as a whole.</summary>
    public bool Accept { get; init; }

    /// <summary>By the field's name in the source, as the REST API has it (<c>owner</c>, not <c>_p_owner</c>).</summary>
    public IReadOnlyDictionary<string, FieldRule> Fields { get; init; } = new Dictionary<string, FieldRule>();

    /// <summary>The rule of a field, never null.</summary>
    public FieldRule Field(string name) => Fields.GetValueOrDefault(name) ?? FieldRule.None;

    /// <summary>The name that a field is shown by.</summary>
    public string NameOf(string field) => Field(field).Rename ?? field;
}
