using System.Security.Cryptography;
using System.Text;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>What a class is made of: when it is the same again, so are its rows, and a run that goes on need not load them again.</summary>
internal sealed class Fingerprint(DumpSource source, Func<SourceCollection, CollectionScan?> scans)
{
    /// <summary>Takes the fingerprint of a planned class, by the rules that it is under.</summary>
    public string Of(ClassPlan plan, string rules)
    {
        var text = new StringBuilder();
        text.Append(source.IsExport).Append('\n').Append(rules).Append('\n');
        foreach (var field in plan.Fields)
        {
            text.Append(field.Name).Append(' ').Append(field.Kind).Append(' ').Append(field.Target).Append(' ').Append(field.Required).Append('\n');
        }
        foreach (var collection in source.Collections.Where(c => c == plan.Collection || plan.Joins.Any(j => j.Collection == c) || c.Name.EndsWith("_SCHEMA", StringComparison.Ordinal)))
        {
            text.Append(collection.Name).Append(' ').Append(scans(collection)?.Documents).Append(' ').Append(scans(collection)?.Hash).Append('\n');
            foreach (var index in collection.Metadata.Indexes)
            {
                text.Append(index.Name).Append(' ').AppendJoin(',', index.Key).Append(' ').AppendJoin(',', index.Options.OrderBy(o => o.Key, StringComparer.Ordinal)).Append('\n');
            }
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
