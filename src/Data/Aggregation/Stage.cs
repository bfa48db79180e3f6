using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Data.Aggregation;

/// <summary>One key of the documents that a table's rows are at the beginning of a pipeline.</summary>
/// <param name="Name">The key.</param>
/// <param name="Field">The field.</param>
/// <param name="Prefix">Put before a reference's id.</param>
public sealed record DocumentKey(string Name, Field Field, string Prefix = "");

/// <summary>A table's rows as documents.</summary>
/// <param name="Table">The table.</param>
/// <param name="Keys">Its keys. Relations have none.</param>
/// <param name="ReadersKey">The key of the list of those who may read the row; null: none.</param>
/// <param name="WritersKey">The key of the list of those who may change it; null: none.</param>
public sealed record DocumentSource(Table Table, ImmutableArray<DocumentKey> Keys, string? ReadersKey = null, string? WritersKey = null);

/// <summary>Rows of a table, as documents, through stages.</summary>
/// <param name="Source">Where they come from; null: none at all.</param>
/// <param name="Stages">The stages in order.</param>
public sealed record Pipeline(DocumentSource? Source, ImmutableArray<Stage> Stages);

/// <summary>What is computed of a table's rows: a pipeline, or distinct values.</summary>
public sealed record Aggregation
{
    /// <summary>The rows as documents.</summary>
    public required DocumentSource Source { get; init; }

    /// <summary>Which rows.</summary>
    public Filter Rows { get; init; } = Filter.Always;

    /// <summary>The stages that documents go through.</summary>
    public ImmutableArray<Stage> Stages { get; init; } = [];

    /// <summary>The path whose distinct values are wanted instead, in the order of their first appearance: of arrays their elements, without null.</summary>
    public ImmutableArray<string>? Distinct { get; init; }

    /// <summary>A read replica may answer, which may be behind.</summary>
    public bool MayLag { get; init; }
}

/// <summary>A step of a pipeline: documents in, documents out.</summary>
public abstract record Stage
{
    private Stage()
    {
    }

    /// <summary>The documents that meet a condition.</summary>
    public sealed record Match(Condition Condition) : Stage;

    /// <summary>New documents of some keys, kept or computed.</summary>
    /// <param name="Kept">Paths that are kept as they are.</param>
    /// <param name="Computed">Paths and their values.</param>
    public sealed record Project(ImmutableArray<ImmutableArray<string>> Kept, ImmutableArray<Assignment> Computed) : Stage;

    /// <summary>The documents without some paths.</summary>
    public sealed record Unset(ImmutableArray<ImmutableArray<string>> Paths) : Stage;

    /// <summary>The documents with more paths, all computed of the documents as they come in.</summary>
    public sealed record AddFields(ImmutableArray<Assignment> Computed) : Stage;

    /// <summary>One document per value of the key, which is <c>_id</c>.</summary>
    public sealed record Group(Expression Key, ImmutableArray<Accumulation> Accumulations) : Stage;

    /// <summary>The documents in an order; null and missing come first.</summary>
    public sealed record Sort(ImmutableArray<SortKey> Keys) : Stage;

    /// <summary>The first so many.</summary>
    public sealed record Limit(long Documents) : Stage;

    /// <summary>All but the first so many.</summary>
    public sealed record Skip(long Documents) : Stage;

    /// <summary>One document per element of an array.</summary>
    /// <param name="Path">The array, which the element replaces.</param>
    /// <param name="IndexPath">Where the position goes; null: nowhere.</param>
    /// <param name="Preserve">Whether documents without elements stay.</param>
    public sealed record Unwind(ImmutableArray<string> Path, ImmutableArray<string>? IndexPath, bool Preserve) : Stage;

    /// <summary>One document with the number of documents, or none when there are none.</summary>
    public sealed record Count(string Name) : Stage;

    /// <summary>So many at random.</summary>
    public sealed record Sample(long Size) : Stage;

    /// <summary>The documents with an array of others that belong to them.</summary>
    /// <param name="Inner">The others; its stages see the variables.</param>
    /// <param name="LocalPath">The place here that is equal to …</param>
    /// <param name="ForeignPath">… the place there; null: only the stages decide.</param>
    /// <param name="Variables">Names for values of the document.</param>
    /// <param name="As">Where the array goes.</param>
    public sealed record Lookup(Pipeline Inner, ImmutableArray<string>? LocalPath, ImmutableArray<string>? ForeignPath,
        ImmutableArray<KeyValuePair<string, Expression>> Variables, ImmutableArray<string> As) : Stage;

    /// <summary>One document with the results of several pipelines over the same documents.</summary>
    public sealed record Facet(ImmutableArray<KeyValuePair<string, ImmutableArray<Stage>>> Pipelines) : Stage;

    /// <summary>Another document in place of each.</summary>
    public sealed record ReplaceRoot(Expression Document) : Stage;

    /// <summary>The documents, and after them those of another pipeline.</summary>
    public sealed record Union(Pipeline Other) : Stage;
}

/// <summary>A value for a path.</summary>
public sealed record Assignment(ImmutableArray<string> Path, Expression Value);

/// <summary>One key of an order.</summary>
public sealed record SortKey(ImmutableArray<string> Path, bool Descending);

/// <summary>One value that a group gathers.</summary>
public sealed record Accumulation(string Name, Accumulator Accumulator, Expression Value);

/// <summary>How a group gathers values.</summary>
public enum Accumulator
{
    /// <summary>The sum of the numbers.</summary>
    Sum,

    /// <summary>Their mean; null without any.</summary>
    Average,

    /// <summary>The smallest value that is not null.</summary>
    Minimum,

    /// <summary>The largest value that is not null.</summary>
    Maximum,

    /// <summary>The value of the first document.</summary>
    First,

    /// <summary>The value of the last document.</summary>
    Last,

    /// <summary>All values in order.</summary>
    Push,

    /// <summary>All distinct values in no order.</summary>
    AddToSet,

    /// <summary>How many documents.</summary>
    Count,

    /// <summary>Standard deviation of a population.</summary>
    DeviationOfPopulation,

    /// <summary>Standard deviation of a sample.</summary>
    DeviationOfSample,

    /// <summary>All objects in one, later ones win.</summary>
    MergeObjects,
}
