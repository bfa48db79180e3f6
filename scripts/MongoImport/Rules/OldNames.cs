using Backend.MongoImport.Live;

namespace Backend.MongoImport.Rules;

/// <summary>Gives documents on their way back to the old database the names that they had there, before rules renamed them.</summary>
/// <param name="rules">The rules of the import.</param>
/// <param name="prefix">What the names of the old collections begin with.</param>
internal sealed class OldNames(ImportRules rules, string prefix)
{
    private readonly ImportRules _back = rules.Reversed();

    /// <summary>Fields that the import left out: a document that is written back lacks them.</summary>
    public IReadOnlyList<string> Missing { get; } = [.. rules.Classes.Where(c => !c.Value.Skip).SelectMany(c => c.Value.Fields.Where(f => f.Value.Skip).Select(f => $"{c.Key}.{f.Key}"))];

    /// <summary>A collection's name there.</summary>
    public string Of(string collection) => RuledSource.NameOf(collection, prefix, _back);

    /// <summary>The name that a collection of the old database has by the rules.</summary>
    public string ByRules(string collection) => RuledSource.NameOf(collection, prefix, rules);

    /// <summary>The writes as the old database wants them, in their order.</summary>
    public List<LiveWrite> Of(string collection, IReadOnlyList<LiveWrite> writes)
    {
        if (collection == prefix + "_SCHEMA")
        {
            var schema = new SchemaRewriter(_back);
            return [.. writes.Select(w => new LiveWrite(schema.Rewrite(w.Id).ToArray(), w.Document is { } document ? schema.Rewrite(document).ToArray() : null))];
        }
        return RuledSource.RewriterOf(collection, prefix, _back) is not { } rewriter
            ? [.. writes]
            : [.. writes.Select(w => new LiveWrite(rewriter.Rewrite(w.Id).ToArray(), w.Document is { } document ? rewriter.Rewrite(document).ToArray() : null))];
    }
}
