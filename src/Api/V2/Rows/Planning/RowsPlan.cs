using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>A read that can be done: the query for Data and what to write of each row.</summary>
internal sealed record RowsPlan(RowQuery Query, ImmutableArray<Output> Outputs)
{
    /// <summary>The embeddings among the outputs.</summary>
    public ImmutableArray<Output.Embedded> Embeddings => [.. Outputs.OfType<Output.Embedded>()];
}

/// <summary>One member of the object that a row becomes.</summary>
/// <param name="Name">The member's name.</param>
internal abstract record Output(string Name)
{
    /// <summary>The row's id.</summary>
    public sealed record Id(string Name) : Output(Name);

    /// <summary>When the row was inserted.</summary>
    public sealed record CreatedAt(string Name) : Output(Name);

    /// <summary>When the row was last changed.</summary>
    public sealed record UpdatedAt(string Name) : Output(Name);

    /// <summary>The access list.</summary>
    public sealed record Acl(string Name) : Output(Name);

    /// <summary>A field's value.</summary>
    public sealed record Column(string Name, Field Field) : Output(Name);

    /// <summary>A place inside a JSON field.</summary>
    public sealed record Inside(string Name, Field Field, ImmutableArray<string> Steps, bool AsText) : Output(Name);

    /// <summary>The row that a reference leads to, or null.</summary>
    public sealed record Embedded(string Name, Field Reference, Table Target, ImmutableArray<Output> Outputs) : Output(Name);
}
