using Backend.Data.Files;
using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>Compares every file in a source's GridFS with that of its name in the file store, byte by byte, and names what only the store has.</summary>
/// <param name="options">The store.</param>
/// <param name="database">Connections.</param>
/// <param name="clock">For waiting.</param>
/// <param name="patience">How long changes of a followed source may be on their way.</param>
internal sealed class FileVerifier(FileImportOptions options, NpgsqlDataSource database, TimeProvider clock, TimeSpan patience)
{
    /// <summary>What stands for a class in reports.</summary>
    public const string Name = "(files)";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Compares; null: the source has no files.</summary>
    /// <param name="source">The source, scanned.</param>
    /// <param name="temporary">Where files of several chunks are put together.</param>
    /// <param name="started">When the comparison began.</param>
    /// <param name="stop">Cancels.</param>
    public async Task<ClassVerification?> RunAsync(DumpSource source, string temporary, DateTimeOffset started, CancellationToken stop)
    {
        var found = new ClassVerification(Name);
        GridBucket? bucket;
        try
        {
            bucket = GridBucket.Read(source, options.Bucket);
        }
        catch (SourceDamagedException e)
        {
            found.Failure = e.Message;
            return found;
        }
        if (bucket is null)
        {
            return null;
        }
        var store = new ComparingStore(options.Open(), found);
        var report = await FileImport.BringAsync(options, store, bucket, temporary, (file, trouble) =>
        {
            if (trouble is not null)
            {
                lock (found)
                {
                    found.Rules.Count(Rule.FileIncomplete);
                }
            }
        }, stop);
        found.Failure = report.Notes.Count > 0 ? report.Notes[0] : null;
        found.Rows.Documents = bucket.Count;
        found.Rules.Add(Rule.FileIncomplete, bucket.Broken.Count);
        found.Rules.Add(Rule.FileReplaced, bucket.Older);
        foreach (var name in FileStores.Names(options.Folder!))
        {
            found.TableRows++;
            if (!bucket.Files.ContainsKey(name))
            {
                found.Rules.Count(Rule.FileExtra);
                if (found.Extra.Count < DifferenceList.Most)
                {
                    found.Extra.Add(name);
                }
            }
        }
        await ExplainAsync(found, started, stop);
        return found;
    }

    // What came, went or was replaced since the comparison began, or is on its way. What stays is brought once more by the follow.
    private async Task ExplainAsync(ClassVerification found, DateTimeOffset since, CancellationToken stop)
    {
        if (found.Differences.Kept.Count == 0 || await FollowState.ReadAsync(database, stop) is not { State: FollowState.Following } state)
        {
            return;
        }
        since = state.FromOplog ? DateTimeOffset.UnixEpoch : since;
        var files = new FollowedFiles(database);
        var until = clock.GetUtcNow() + patience;
        while (true)
        {
            var changed = await files.ChangedAsync([.. found.Differences.Kept.Select(d => d.Id)], since, stop);
            found.Rules.Add(Rule.ChangedMeanwhile, found.Differences.Remove(d => changed.Contains(d.Id)));
            if (found.Differences.Kept.Count == 0)
            {
                return;
            }
            if (clock.GetUtcNow() > until)
            {
                await files.AgainAsync([.. found.Differences.Kept.Select(d => d.Id)], stop);
                return;
            }
            await Task.Delay(Pause, clock, stop);
        }
    }
}
