using System.Globalization;
using Backend.Data.Files;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Files;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Following;

/// <summary>
/// Brings the files that come into the source's GridFS meanwhile into the file store, and takes those out that go. What is to be done stands in the database since the
/// batch that told of it, so a follow that was stopped goes on where it was; contents are fetched beside the changes of rows and hold none of them up.
/// </summary>
internal sealed class FileFollower : IAsyncDisposable
{
    private const int MostFiles = 200;
    private const long MostBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly Follower _follower;
    private readonly FollowedSource _source;
    private readonly FileImportOptions _options;
    private readonly string _temporary;
    private readonly FollowedFiles _files;
    private readonly IFileStore? _store;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _end = new();
    private Task _bringing = Task.CompletedTask;

    /// <summary>Makes one.</summary>
    /// <param name="follower">Whoever follows.</param>
    /// <param name="source">The source.</param>
    /// <param name="options">The store; without a folder files are noted, and brought when one is named.</param>
    /// <param name="temporary">Where files are put together.</param>
    public FileFollower(Follower follower, FollowedSource source, FileImportOptions options, string temporary)
    {
        _follower = follower;
        _source = source;
        _options = options;
        _temporary = temporary;
        _files = new FollowedFiles(follower.Database);
        _store = options.Folder is null ? null : options.Open();
    }

    /// <summary>Files that went into the store.</summary>
    public long Brought { get; private set; }

    /// <summary>Files that were taken out of it.</summary>
    public long Removed { get; private set; }

    /// <summary>Whether files are followed: not when a rule leaves them where they are.</summary>
    public bool Follows => !_follower.Rules.SkipFiles;

    /// <summary>Whether a collection holds entries of files.</summary>
    public bool IsEntries(string collection) => Follows && GridBucket.IsEntries(collection, _options.Bucket, _follower.State.Prefix);

    /// <summary>Whether a collection holds pieces of files.</summary>
    public bool IsChunks(string collection) => Follows && GridBucket.Is(collection, _options.Bucket, _follower.State.Prefix) && !IsEntries(collection);

    /// <summary>Reads what the source holds, once, and looks again at what could not be put together before.</summary>
    /// <param name="first">Whether this is the first follow after an import.</param>
    /// <param name="stop">Cancels.</param>
    public async Task BeginAsync(bool first, CancellationToken stop)
    {
        if (!Follows)
        {
            return;
        }
        await using (var again = _follower.Database.CreateCommand("update catalog.follow_files set trouble = null where trouble is not null"))
        {
            await again.ExecuteNonQueryAsync(stop);
        }
        await using var known = _follower.Database.CreateCommand("select files_known from catalog.follow");
        if (_store is null || (bool)(await known.ExecuteScalarAsync(stop))! || !(first || _source.TellsWhatItHolds))
        {
            return;
        }
        var prefix = _follower.State.Prefix;
        foreach (var bucket in new[] { _options.Bucket, prefix + _options.Bucket }.Distinct())
        {
            var entries = bucket + ".files";
            await _files.FillAsync(entries, _source.ReadAsync(entries, null, stop), IsMissing, stop);
            if (!_source.TellsWhatItHolds)
            {
                await _files.KeepAsync(_source.ReadAsync(GridBucket.ChunksOf(entries), null, stop), stop);
            }
        }
        await using var filled = _follower.Database.CreateCommand("update catalog.follow set files_known = true");
        await filled.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Begins to bring what waits, beside whatever else goes on.</summary>
    public void Start()
    {
        if (_store is not null && Follows)
        {
            _bringing = Task.Run(BringAlwaysAsync);
        }
    }

    /// <summary>A batch has told of files.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>Brings everything that waits, and ends.</summary>
    /// <exception cref="IOException">The store takes no more.</exception>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public async Task DrainAsync(CancellationToken stop)
    {
        await EndAsync();
        while (_store is not null && Follows && await BringAsync(stop) > 0)
        {
        }
        await SayAsync(stop);
    }

    /// <summary>What differs between the entries, as far as they changed, and the store; in sentences.</summary>
    public async Task<IReadOnlyList<string>> CompareAsync(CancellationToken stop)
    {
        var differences = new List<string>();
        if (!Follows)
        {
            return differences;
        }
        var (waiting, _) = await _files.LeftAsync(stop);
        if (waiting > 0)
        {
            differences.Add($"{N(waiting)} files of GridFS that have come meanwhile are not in the file store: {(_store is null ? "name its folder with --files, or set Files__Directory as for the API." : "run this command again.")}");
        }
        if (_store is null)
        {
            return differences;
        }
        var lost = new List<string>();
        await foreach (var file in _files.ChangedAsync(stop))
        {
            if (IsMissing(file))
            {
                lost.Add(file.Name);
                differences.Add($"File {file.Name}: {N(file.Length)} bytes in the source, {(LengthOf(file.Name) is { } length ? $"{N(length)} here" : "not here")}. The next start brings it.");
            }
        }
        await _files.AgainAsync(lost, stop);
        return differences;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _end.Dispose();
        _wake.Dispose();
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private async Task EndAsync()
    {
        await _end.CancelAsync();
        await _bringing;
        _bringing = Task.CompletedTask;
    }

    private async Task BringAlwaysAsync()
    {
        var stop = _end.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await BringAsync(stop) == 0)
                {
                    await _wake.WaitAsync(stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or SourceLostException)
            {
                // Rows go on: what they lose by waiting, the source's history, is worse than a file that comes later.
                _follower.Say($"Files wait: {e.Message} Once more in {Pause.TotalSeconds:0} s.");
                await Task.Delay(Pause, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    // How many names were dealt with.
    private async Task<int> BringAsync(CancellationToken stop)
    {
        var pending = await _files.PendingAsync(MostFiles, stop);
        foreach (var gone in pending.Where(f => f.Entry is null))
        {
            if (FileName.IsStorable(gone.Name) && await _store!.DeleteAsync(gone.Name, stop))
            {
                Removed++;
            }
            await _files.SettleAsync(gone, null, stop);
        }
        foreach (var collection in pending.Where(f => f.Entry is not null).GroupBy(f => f.Collection))
        {
            foreach (var portion in Portions(collection))
            {
                await BringAsync(collection.Key, portion, stop);
            }
        }
        return pending.Count;
    }

    private static IEnumerable<List<PendingFile>> Portions(IEnumerable<PendingFile> files)
    {
        var portion = new List<PendingFile>();
        var bytes = 0L;
        foreach (var file in files)
        {
            portion.Add(file);
            bytes += GridFile.Read(file.Entry, 0)?.Length ?? 0;
            if (bytes > MostBytes)
            {
                yield return portion;
                (portion, bytes) = ([], 0);
            }
        }
        if (portion.Count > 0)
        {
            yield return portion;
        }
    }

    private async Task BringAsync(string collection, List<PendingFile> files, CancellationToken stop)
    {
        var byName = files.ToDictionary(f => f.Name, StringComparer.Ordinal);
        var told = new Dictionary<string, string?>(StringComparer.Ordinal);
        var path = $"{_source.Description} ({collection})";
        var chunks = GridBucket.ChunksOf(collection);
        var bucket = GridBucket.Of(
            new SourceCollection("", collection, path, () => new DocumentsReader(files.Select(f => new ReadOnlyMemory<byte>(f.Entry)), path)),
            new SourceCollection("", chunks, path, () => new DocumentsReader(Chunks(chunks, files, stop).ToBlockingEnumerable(stop), path)));
        await FileImport.BringAsync(_options, _store!, bucket, _temporary, (file, trouble) =>
        {
            lock (told)
            {
                told[file.Name] = trouble;
            }
        }, stop);
        foreach (var (name, trouble) in told)
        {
            Brought += trouble is null ? 1 : 0;
            await _files.SettleAsync(byName[name], trouble, stop);
        }
    }

    private IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(string collection, List<PendingFile> files, CancellationToken stop) => _source.TellsWhatItHolds
        ? _source.ReadAsync(collection, Filter(files), stop)
        : _files.ChunksAsync([.. files.Select(f => f.Id)], stop);

    // The chunks of these files; their collection has an index that begins with files_id.
    private static byte[] Filter(List<PendingFile> files)
    {
        var filter = new BsonWriter();
        filter.Begin();
        filter.Element(BsonType.Document, "files_id"u8);
        filter.Begin();
        filter.Element(BsonType.Array, "$in"u8);
        filter.Begin();
        foreach (var (n, file) in files.Index())
        {
            filter.Element((BsonType)file.Id[0], System.Text.Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture)));
            filter.Bytes(file.Id.AsSpan(1));
        }
        filter.End();
        filter.End();
        filter.End();
        return filter.Written.ToArray();
    }

    private async Task SayAsync(CancellationToken stop)
    {
        var (waiting, troubled) = await _files.LeftAsync(stop);
        if (Brought + Removed > 0)
        {
            _follower.Say($"{N(Brought)} files brought into the store, {N(Removed)} taken out of it.");
        }
        if (waiting > 0)
        {
            _follower.Say($"{N(waiting)} files wait{(_store is null ? ": name the file store with --files, or set Files__Directory as for the API" : "")}.");
        }
        if (troubled.Count > 0)
        {
            _follower.Say($"{N(troubled.Count)} files cannot be put together from what the source holds; they are looked at again at the next start:");
            foreach (var (name, trouble) in troubled.Take(5))
            {
                _follower.Say($"  {name}: {trouble}");
            }
        }
    }

    private bool IsMissing(GridFile file) =>
        FileName.IsStorable(file.Name) && LengthOf(file.Name) is var length && length != file.Length && !(_options.Passphrase is not null && length == file.Length - Gcm.VectorSize - Gcm.TagSize);

    private long? LengthOf(string name)
    {
        var there = new FileInfo(Path.Combine(_options.Folder!, name));
        return there.Exists ? there.Length : null;
    }
}
