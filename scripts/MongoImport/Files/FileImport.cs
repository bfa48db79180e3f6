using System.Globalization;
using System.Text.Json;
using Backend.Data;
using Backend.Data.Files;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Files;

/// <summary>
/// Puts the files of GridFS into the file store (contract/mongo-storage 1.11). The chunks are read once, in whatever order they come; a file goes to the store when
/// its last chunk is there. What the store has already is passed over, so a run that was broken off goes on by being repeated.
/// </summary>
internal sealed class FileImport : IDisposable
{
    /// <summary>Files on their way into the store at a time: each waits for its disk.</summary>
    private const int SavesAtOnce = 8;

    private readonly IFileStore _store;
    private readonly GridBucket _bucket;
    private RejectFile? _rejects;
    private Progress? _progress;
    private Action<GridFile, string?>? _told;
    private readonly FilesReport _report;
    private readonly Gcm? _gcm;
    private readonly string _folder;
    private readonly HashSet<(ulong, ulong)> _done = [];
    private readonly HashSet<(ulong, ulong)> _saved = [];
    private readonly Dictionary<(ulong, ulong), PartialFile> _partial = [];
    private readonly SemaphoreSlim _saves = new(SavesAtOnce);
    private readonly List<Task> _running = [];

    private FileImport(FileImportOptions options, IFileStore store, GridBucket bucket, string temporary)
    {
        _store = store;
        _bucket = bucket;
        _report = new FilesReport { Folder = options.Folder, Found = bucket.Files.Count, Older = bucket.Older };
        _gcm = options.Passphrase is null ? null : new Gcm(Gcm.KeyOf(options.Passphrase));
        _folder = Path.Combine(temporary, $"import-mongo-{Guid.NewGuid():n}.files");
    }

    /// <summary>Imports the files; null: the source has no such bucket.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="source">The source, scanned.</param>
    /// <param name="temporary">Where files are put together: as much room as files lie between each other in the source.</param>
    /// <param name="rejects">Gets the entries of files that cannot be put together.</param>
    /// <param name="progress">Told of every file.</param>
    /// <param name="stop">Cancels; what is in the store then stays.</param>
    public static async Task<FilesReport?> RunAsync(FileImportOptions options, DumpSource source, string temporary, RejectFile rejects, Progress progress, CancellationToken stop)
    {
        GridBucket? bucket;
        try
        {
            bucket = GridBucket.Read(source, options.Bucket);
        }
        catch (SourceDamagedException e)
        {
            return new FilesReport { Folder = options.Folder, Damaged = 1, Notes = { $"No file was imported: {e.Message}" } };
        }
        if (bucket is null || (bucket.Count == 0 && bucket.Broken.Count == 0))
        {
            return null;
        }
        if (options.Folder is null)
        {
            return new FilesReport { Found = bucket.Files.Count, Notes = { "Files were left: name the folder of the file store with --files, or set Files__Directory as for the API. import-mongo files imports them later." } };
        }
        using var import = new FileImport(options, options.Open(), bucket, temporary) { _rejects = rejects, _progress = progress };
        return await import.RunAsync(stop);
    }

    /// <summary>Puts the files of a bucket into a store, those too that it has.</summary>
    /// <param name="options">The passphrase.</param>
    /// <param name="store">Gets the files, or compares them.</param>
    /// <param name="bucket">The files.</param>
    /// <param name="temporary">Where files are put together.</param>
    /// <param name="told">Told of each file what became of it: null when the store has it now, or why it cannot be put together. By several threads.</param>
    /// <param name="stop">Cancels; what is in the store then stays.</param>
    public static async Task<FilesReport> BringAsync(FileImportOptions options, IFileStore store, GridBucket bucket, string temporary, Action<GridFile, string?> told, CancellationToken stop)
    {
        using var import = new FileImport(options, store, bucket, temporary) { _told = told };
        return await import.RunAsync(stop);
    }

    public void Dispose()
    {
        _gcm?.Dispose();
        _saves.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<FilesReport> RunAsync(CancellationToken stop)
    {
        _progress?.Begin("importing files", _bucket.Files.Count);
        Directory.CreateDirectory(_folder);
        foreach (var broken in _bucket.Broken)
        {
            Reject(broken);
        }
        foreach (var file in _bucket.Files.Values)
        {
            stop.ThrowIfCancellationRequested();
            await BeginAsync(file, stop);
        }
        try
        {
            if (_bucket.Chunks is { } chunks)
            {
                await Task.Run(() => Chunks(chunks, stop), stop);
            }
        }
        catch (SourceDamagedException e)
        {
            _report.Notes.Add($"What chunks come after this is lost: {e.Message}");
        }
        finally
        {
            // Also when it is given up: what is on its way has opened files.
            await Task.WhenAll(_running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await Task.WhenAll(_running);
        Unfinished();
        return _report;
    }

    // What needs no chunk: a name that no file can have, what is there already, and what is empty.
    private async Task BeginAsync(GridFile file, CancellationToken stop)
    {
        if (!FileName.IsStorable(file.Name))
        {
            Reject(file, "no file can have this name");
            Done(file);
        }
        else if (_told is null && await IsPresentAsync(file, stop))
        {
            _report.Present++;
            Done(file);
        }
        else if (file.Length == 0)
        {
            await SaveAsync(file, new MemoryStream(), stop);
            Done(file);
        }
    }

    private async Task<bool> IsPresentAsync(GridFile file, CancellationToken stop)
    {
        await using var there = await _store.OpenAsync(file.Name, stop);
        if (there is null || (there.Length != file.Length && !(_gcm is not null && there.Length == file.Length - Gcm.VectorSize - Gcm.TagSize)))
        {
            return false;
        }
        return file.Md5 is null || there.Length != file.Length || await Md5Async(there.Content, stop) == file.Md5;
    }

    private void Chunks(SourceCollection chunks, CancellationToken stop)
    {
        using var reader = chunks.Open();
        reader.Rejected = Reject;
        while (reader.Read() is { } block)
        {
            using (block)
            {
                stop.ThrowIfCancellationRequested();
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    try
                    {
                        if (!Take(document, stop))
                        {
                            Again(new Rejection(block.Path, block.Offset + at - document.Length, number, "a chunk of a file that is complete already: the first counts", document.ToArray()));
                        }
                    }
                    catch (BsonFormatException e)
                    {
                        Reject(new Rejection(block.Path, block.Offset + at - document.Length, number, $"{e.Message} (byte {e.Offset} of the document)", document.ToArray()));
                    }
                    number++;
                }
            }
        }
    }

    /// <summary>Takes a chunk; false: its file was complete without it.</summary>
    private bool Take(ReadOnlySpan<byte> document, CancellationToken stop)
    {
        var chunk = new BsonValue(BsonType.Document, document);
        if (!chunk.TryFind("files_id"u8, out var id) || !ParseForms.TryNumber(chunk, "n"u8, out var n) || !chunk.TryFind("data"u8, out var data) || data.Type != BsonType.Binary
            || _bucket.Find(GridFile.KeyOf(id), out var isNewest) is not { } file)
        {
            _report.OrphanChunks++;
            return true;
        }
        if (!isNewest || _done.Contains((file.Id.High, file.Id.Low)))
        {
            return !_saved.Contains((file.Id.High, file.Id.Low));
        }
        if (file.Chunks == 1 && n == 0 && data.Binary.Length == file.Length)
        {
            // Most files are one chunk, and need no file of their own on the way.
            Save(file, new MemoryStream(data.Binary.ToArray()), stop);
            return true;
        }
        if (!_partial.TryGetValue((file.Id.High, file.Id.Low), out var partial))
        {
            _partial.Add((file.Id.High, file.Id.Low), partial = new PartialFile(file, Path.Combine(_folder, file.Number.ToString(CultureInfo.InvariantCulture))));
        }
        if (!partial.Put((long)n, data.Binary))
        {
            _report.DuplicateChunks++;
        }
        if (partial.IsComplete)
        {
            _partial.Remove((file.Id.High, file.Id.Low));
            Save(file, new FileStream(partial.Path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.DeleteOnClose | FileOptions.SequentialScan }), stop);
        }
        return true;
    }

    private void Again(Rejection rejection)
    {
        _report.DuplicateChunks++;
        _rejects?.Add(_bucket.Chunks!.Name, rejection);
    }

    private void Unfinished()
    {
        foreach (var partial in _partial.Values)
        {
            using (partial)
            {
                Reject(partial.File, partial.Damage ?? partial.Missing());
                Done(partial.File);
            }
        }
        foreach (var file in _bucket.Files.Values.Where(f => !_done.Contains((f.Id.High, f.Id.Low))))
        {
            Reject(file, "none of its chunks is there");
        }
    }

    private void Done(GridFile file) => _done.Add((file.Id.High, file.Id.Low));

    private void Save(GridFile file, Stream content, CancellationToken stop)
    {
        Done(file);
        _saved.Add((file.Id.High, file.Id.Low));
        _saves.Wait(stop);
        _running.RemoveAll(t => t.IsCompletedSuccessfully);
        // A full disk will not be less full for the next file.
        _running.Find(t => t.IsFaulted)?.GetAwaiter().GetResult();
        _running.Add(Task.Run(async () =>
        {
            try
            {
                await using (content)
                {
                    await SaveAsync(file, content, stop);
                }
            }
            finally
            {
                _saves.Release();
            }
        }, CancellationToken.None));
    }

    private async Task SaveAsync(GridFile file, Stream content, CancellationToken stop)
    {
        if (file.Md5 is { } md5 && await Md5Async(content, stop) != md5)
        {
            Reject(file, "its MD5 is not that of its entry");
            return;
        }
        var plain = Plain(file, content);
        var details = new FileDetails(file.ContentType, Metadata(file));
        try
        {
            var length = await _store.SaveAsync(file.Name, plain, details, long.MaxValue, stop);
            lock (_report)
            {
                _report.Imported++;
                _report.Bytes += length;
            }
            _told?.Invoke(file, null);
            _progress?.Loaded(1);
        }
        catch (Refusal e)
        {
            Reject(file, e.Message);
        }
    }

    private Stream Plain(GridFile file, Stream content)
    {
        content.Position = 0;
        var length = file.Length - Gcm.VectorSize - Gcm.TagSize;
        if (_gcm is null)
        {
            return content;
        }
        if (length >= 0)
        {
            content.Position = length;
            var ending = new byte[Gcm.VectorSize + Gcm.TagSize];
            content.ReadExactly(ending);
            content.Position = 0;
            if (_gcm.Verify(content, length, ending.AsSpan(0, Gcm.VectorSize), ending.AsSpan(Gcm.VectorSize)))
            {
                content.Position = 0;
                return _gcm.Decrypt(content, length, ending.AsSpan(0, Gcm.VectorSize));
            }
            content.Position = 0;
        }
        lock (_report)
        {
            _report.NotEncrypted++;
        }
        return content;
    }

    private static async Task<string> Md5Async(Stream content, CancellationToken stop)
    {
        content.Position = 0;
#pragma warning disable CA5351 // The old drivers' check sum, against accidents.
        return Convert.ToHexStringLower(await System.Security.Cryptography.MD5.HashDataAsync(content, stop));
#pragma warning restore CA5351
    }

    private static JsonElement? Metadata(GridFile file)
    {
        var bytes = file.Metadata;
        if (bytes.IsEmpty)
        {
            return null;
        }
        var json = new Buffer(bytes.Length * 2);
        // What JSON has no form for is shown as the old server showed it.
        return NestedWriter.TryWrite(new BsonValue(BsonType.Document, bytes), json, out _, out _) ? JsonDocument.Parse(json.Written.ToArray()).RootElement : null;
    }

    private void Reject(GridFile file, string reason)
    {
        Reject(new Rejection(_bucket.Entries.Path, 0, file.Number, $"{file.Name}: {reason}", file.Entry));
        _told?.Invoke(file, reason);
    }

    private void Reject(Rejection rejection)
    {
        lock (_report)
        {
            _report.Damaged++;
        }
        _rejects?.Add(_bucket.Entries.Name, rejection);
    }
}
