using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Following;

/// <content>What a batch needs of the catalog before its rows are written.</content>
internal sealed partial class BatchApplier
{
    // What the rows need of the catalog: a change of it is known to all processes before the first row that needs it is there.
    private async Task PrepareAsync(Dictionary<string, CollectionChanges> changes, CancellationToken stop)
    {
        await catalog.GetAsync(stop);
        if (changes.TryGetValue(Schema, out var schema))
        {
            foreach (var document in schema.Upserts)
            {
                await _schemas.ApplyAsync(document, stop);
            }
            foreach (var id in schema.Deletes)
            {
                if (ParseForms.TryText(new BsonValue(BsonType.Document, id), "_id"u8, out var name))
                {
                    await _schemas.DropAsync(rules.NameOf(Encoding.UTF8.GetString(name)), stop);
                }
            }
        }
        var unknown = changes.Values.Where(c => c.Name != Schema && !c.Name.StartsWith(Join, StringComparison.Ordinal) && HasNews(c)).ToList();
        if (unknown.Count == 0)
        {
            return;
        }
        // The entry of the schema may be on its way: a document is looked up when its change is read, and may be newer than that.
        await ApplySchemasAsync(unknown.Select(c => c.Name), stop);
        foreach (var changed in unknown.Where(HasNews))
        {
            await _schemas.InferAsync(changed.Name, changed.Upserts, stop);
        }
    }

    // What the source declares now.
    private async Task ApplySchemasAsync(IEnumerable<string> classes, CancellationToken stop)
    {
        var wanted = classes.ToHashSet(StringComparer.Ordinal);
        var rewrite = RewriterOf(prefix + Schema);
        await foreach (var document in source.ReadAsync(prefix + Schema, null, stop))
        {
            if ((rewrite is null ? document.ToArray() : rewrite(document.ToArray())) is { } rewritten
                && ParseForms.TryText(new BsonValue(BsonType.Document, rewritten), "_id"u8, out var name) && wanted.Contains(Encoding.UTF8.GetString(name)))
            {
                await _schemas.ApplyAsync(rewritten, stop);
            }
        }
    }

    private bool HasNews(CollectionChanges changed)
    {
        if (catalog.Current.FindByOrigin(changed.Name) is not { } table)
        {
            return LooksLikeParse(changed);
        }
        var one = Current(table);
        return changed.Upserts.Any(d => one.HasNews(d));
    }

    // Collections of others lie in some databases; theirs are not brought here by an import either.
    private static bool LooksLikeParse(CollectionChanges changed)
    {
        var scan = new CollectionScan();
        foreach (var document in changed.Upserts)
        {
            scan.TryAdd(document);
        }
        return scan.LooksLikeParse * 2 > scan.Documents;
    }
}
