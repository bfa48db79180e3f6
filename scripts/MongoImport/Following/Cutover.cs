using System.Globalization;
using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Oplogs;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Following;

/// <summary>
/// Whether the rows are what a source holds that nobody writes to any more: how many there are of each class, and what has changed since the last complete
/// verify, document by document.
/// </summary>
internal sealed class Cutover(Follower follower, FollowedSource source, Action<string> say)
{
    private const string Join = "_Join:";
    private const int AtOnce = 4;

    private readonly List<string> _differences = [];

    /// <summary>What differs, in sentences for the operator.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Documents that were compared once more.</summary>
    public long Compared { get; private set; }

    /// <summary>What the operator counted in a source that cannot be asked; null: nothing.</summary>
    public IReadOnlyDictionary<string, long>? Counts { get; init; }

    /// <summary>Reads counts: a JSON object of collections and numbers.</summary>
    /// <exception cref="SourceException">The file is something else.</exception>
    public static IReadOnlyDictionary<string, long> ReadCounts(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            return json.RootElement.EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetInt64(), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"{path}: this is no JSON object of collections and how many documents each has: {e.Message}", e);
        }
    }

    /// <summary>Entries of files that both sides have; null: they were not followed.</summary>
    public long? Files { get; private set; }

    /// <summary>That a complete verify of this import has taken place.</summary>
    /// <exception cref="SourceException">None has, or it found what only another one can settle.</exception>
    public async Task<Verification> RequireVerifyAsync(CancellationToken stop)
    {
        var last = await new Verifications(follower.Database).LastCompleteAsync(stop);
        await using var command = follower.Database.CreateCommand("select imported_at, other_differences from catalog.follow");
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        if (last is null || last.Source != follower.State.Source || last.StartedAt < reader.GetDateTime(0))
        {
            throw new SourceException("No complete verify of this import is on record: import-mongo verify SOURCE, then import-mongo cutover.");
        }
        if (source.TellsWhatItHolds && reader.GetInt64(1) is > 0 and var others)
        {
            throw new SourceException($"The last complete verify found {others} differences of links or of the schema, or more than are kept. Let the follow catch up, and verify once more.");
        }
        return last;
    }

    /// <summary>Compares. The source has stopped, and all of its changes are here.</summary>
    public async Task CompareAsync(Verification verified, CancellationToken stop)
    {
        _differences.AddRange(await follower.Files.CompareAsync(stop));
        if (!source.TellsWhatItHolds)
        {
            await WithoutSourceAsync(verified, stop);
            return;
        }
        var counts = await source.CountAsync(stop);
        await CountsAsync(counts, verified, stop);
        await FileCountAsync(counts, stop);
        var changed = await ChangedAsync(stop);
        say($"Comparing {changed.Sum(c => c.Value.Count).ToString("N0", CultureInfo.InvariantCulture)} documents that have changed since the verify.");
        var comparer = new ChangedComparer(follower, source, _differences.Add);
        foreach (var (origin, ids) in changed)
        {
            Compared += origin.StartsWith(Join, StringComparison.Ordinal) ? await comparer.LinksAsync(origin, ids, stop) : await comparer.ClassAsync(origin, ids, stop);
        }
    }

    // A dump does not say what the source holds now; what the operator brings along is compared, and all else is shown.
    private async Task WithoutSourceAsync(Verification verified, CancellationToken stop)
    {
        if (verified.Unexplained > 0)
        {
            Differ($"The last complete verify found {verified.Unexplained} differences.");
        }
        var state = (await FollowState.ReadAsync(follower.Database, stop))!;
        if (OplogPosition.TryRead(state.Position, out var position))
        {
            say($"The rows have come to the entry of {position.Time}; {N(state.Changes)} changes were applied. The old server's last entry should be no later: rs.printReplicationInfo().");
        }
        if (Counts is { } counts)
        {
            await CountsAsync(counts, verified, stop);
            say($"Compared are the counts of {N(counts.Count)} collections, and no documents: a dump does not say what the source holds now.");
            return;
        }
        say("A dump does not say what the source holds now, so nothing is compared with it. Here are:");
        foreach (var table in (await follower.Catalog.GetAsync(stop)).Tables)
        {
            if (await CountAsync(table.Quoted, stop) is > 0 and var rows)
            {
                say($"  {follower.CollectionOf(table.Origin),-32} {N(rows),12}");
            }
        }
        foreach (var (relation, links) in await LinksAsync(stop))
        {
            say($"  {relation,-32} {N(links),12}  (documents of its join collection)");
        }
        say("With --counts FILE these are compared with what the old server counts; docs/import.md has the line that makes the file.");
    }

    /// <summary>The record of what was compared, as JSON.</summary>
    public string Report(TimeSpan taken)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteNumber("seconds", Math.Round(taken.TotalSeconds, 2));
            writer.WriteNumber("compared", Compared);
            writer.WriteStartArray("differences");
            foreach (var difference in _differences)
            {
                writer.WriteStringValue(difference);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(json.ToArray());
    }

    private async Task CountsAsync(IReadOnlyDictionary<string, long> counts, Verification verified, CancellationToken stop)
    {
        var known = JsonDocument.Parse(verified.TablesJson).RootElement;
        var tables = (await follower.Catalog.GetAsync(stop)).Tables;
        var imported = await new ImportState(follower.Database).ReadRulesAsync(stop);
        var links = await LinksAsync(stop);
        await Parallel.ForEachAsync(tables, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (table, cancel) =>
        {
            var there = counts.GetValueOrDefault(follower.CollectionOf(table.Origin));
            if (there == 0 && !imported.ContainsKey(table.Origin))
            {
                return;
            }
            var here = await CountAsync(table.Quoted, cancel);
            // What a rule explains (ids that came twice, documents that nothing can decode) was missing at the verify as well.
            var explained = known.TryGetProperty(table.Origin, out var then) ? then.GetProperty("documents").GetInt64() - then.GetProperty("rows").GetInt64() : 0;
            if (there - here != explained)
            {
                // What a server says at once may be an estimate.
                there = await ExactAsync(follower.CollectionOf(table.Origin), cancel);
            }
            if (there != here && there - here != explained)
            {
                Differ($"{table.Origin}: {there} documents in the source, {here} rows here.");
            }
            foreach (var relation in table.Fields.Where(f => f is { Kind: FieldKind.Relation, Column: not null }))
            {
                var name = $"{Join}{relation.Name}:{table.Origin}";
                var documents = counts.GetValueOrDefault(follower.CollectionOf(name));
                var kept = links.GetValueOrDefault(relation.Column!);
                if (documents != kept && await ExactAsync(follower.CollectionOf(name), cancel) is var exact && exact != kept)
                {
                    documents = exact;
                    Differ($"{name}: {documents} documents in the source, {kept} known here.");
                }
            }
        });
        foreach (var (collection, count) in counts.Where(c => c.Value > 0 && follower.NameOf(c.Key) is { } name && Planner.IsSystemClass(name) && tables.All(t => t.Origin != name)))
        {
            Differ($"{collection}: {count} documents in the source, no class here.");
        }
    }

    private async Task<long> ExactAsync(string collection, CancellationToken stop) =>
        Counts is not null ? Counts.GetValueOrDefault(collection) : await source.CountAsync(collection, stop);

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    // Of files each name counts once, so only the entries can be counted.
    private async Task FileCountAsync(IReadOnlyDictionary<string, long> counts, CancellationToken stop)
    {
        await using var command = follower.Database.CreateCommand("select files_known, (select count(*) from catalog.follow_files where not gone) from catalog.follow");
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        var (known, kept) = (reader.GetBoolean(0), reader.GetInt64(1));
        var entries = counts.Keys.Where(follower.Files.IsEntries).ToList();
        var there = entries.Sum(c => counts[c]);
        if (!known)
        {
            if (there > 0)
            {
                say($"{N(there)} files in GridFS were not followed, because no file store was named: import-mongo files SOURCE brings what is missing.");
            }
            return;
        }
        if (there != kept)
        {
            // What a server says at once may be an estimate, and an entry that is none is kept nowhere.
            there = 0;
            foreach (var collection in entries)
            {
                await foreach (var entry in source.ReadAsync(collection, null, stop))
                {
                    there += FollowedFiles.Read(entry.Span) is null ? 0 : 1;
                }
            }
        }
        Files = kept;
        if (there != kept)
        {
            Differ($"Files: {there} entries in the source, {kept} known here.");
        }
    }

    private async Task<Dictionary<string, long>> LinksAsync(CancellationToken stop)
    {
        var links = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var command = follower.Database.CreateCommand("select relation, count(*) from catalog.follow_links group by 1");
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            links.Add(reader.GetString(0), reader.GetInt64(1));
        }
        return links;
    }

    private async Task<SortedDictionary<string, List<string>>> ChangedAsync(CancellationToken stop)
    {
        var changed = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        await using var command = follower.Database.CreateCommand("select origin, id from catalog.follow_changes");
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            if (!changed.TryGetValue(reader.GetString(0), out var ids))
            {
                changed.Add(reader.GetString(0), ids = []);
            }
            ids.Add(reader.GetString(1));
        }
        return changed;
    }

    private async Task<long> CountAsync(string quoted, CancellationToken stop)
    {
        await using var command = follower.Database.CreateCommand($"select count(*) from {quoted}");
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    private void Differ(string sentence)
    {
        lock (_differences)
        {
            _differences.Add(sentence);
        }
    }
}
