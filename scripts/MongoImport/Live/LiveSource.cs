using System.Collections.Concurrent;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>
/// A live MongoDB. Its documents are put into files of a temporary folder first, each collection in one go: they are read more than once, and a live
/// collection is another one each time. What changes meanwhile comes after <see cref="Position"/>, which is taken before the first document is read.
/// </summary>
/// <param name="address">The server.</param>
/// <param name="temporary">The folder for the files; they need as much room as the documents have bytes.</param>
internal sealed class LiveSource(LiveAddress address, string temporary) : DumpSource
{
    private const int Attempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private readonly string _folder = Path.Combine(temporary, $"import-mongo-{Guid.NewGuid():n}");
    private readonly List<SourceCollection> _collections = [];
    private LiveAddress _address = address;
    private byte[]? _position;
    private long _size;

    public override string Description => $"live MongoDB {_address}";

    public override bool IsExport => false;

    public override long Size => _size;

    public override byte[]? Position => _position;

    public override IReadOnlyList<SourceCollection> Collections => _collections;

    /// <summary>MongoDB's version and kind; known after <see cref="Scan"/>.</summary>
    public BridgeHello? Server { get; private set; }

    public override void Scan(Action<SourceCollection, DocumentBlock> block, CancellationToken stop) => ScanAsync(block, stop).GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task ScanAsync(Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(_address, position: true, stop);
            _address = bridge.Address;
            _position = bridge.Hello.Position;
            Server = bridge.Hello;
            var collections = await LiveCollection.ListAsync(bridge, stop);
            if (collections.Count == 0)
            {
                throw new SourceException($"{_address}: there is no database {bridge.Hello.Database}, or it holds nothing that this user may see");
            }
            var files = Describe(collections).Where(f => Wanted(f.Item1)).ToList();
            _size = files.Sum(f => f.Item1.Size);
            MakeFolder();
            await FetchAsync(bridge, files, block, stop);
        }
        catch (BridgeException e)
        {
            throw new SourceException(e.Explain(_address), e);
        }
    }

    // Gives those that have documents, with the files for them, the largest first.
    private List<(SourceCollection, string)> Describe(List<LiveCollection> collections)
    {
        var files = new List<(SourceCollection, string)>();
        foreach (var (number, live) in collections.OrderByDescending(c => c.Size).Index())
        {
            var file = Path.Combine(_folder, $"{number:d5}.bson");
            var shown = $"{_address} ({live.Name})";
            var collection = new SourceCollection(_address.Database!, live.Name, shown, live.Readable ? () => new BsonBlockReader(new StreamInput(OpenFetched(file), shown)) : null)
            {
                Metadata = live.Metadata,
                Size = live.Size,
            };
            _collections.Add(collection);
            if (live.Readable)
            {
                files.Add((collection, file));
            }
        }
        return files;
    }

    private void MakeFolder()
    {
        Directory.CreateDirectory(temporary);
        var free = new DriveInfo(Path.GetFullPath(temporary)).AvailableFreeSpace;
        if (free < _size)
        {
            throw new SourceException($"{_address}: its documents have about {Megabytes(_size)} MB, {temporary} has {Megabytes(free)} MB left; name another folder with --temporary");
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder);
            return;
        }
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        static long Megabytes(long bytes) => (bytes + 999_999) / 1_000_000;
    }

    // One collection is fetched while another, which is complete, is gone through: what a lost connection cuts off has been seen by nobody.
    private async Task FetchAsync(Bridge bridge, List<(SourceCollection, string)> files, Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        using var fetched = new BlockingCollection<SourceCollection>();
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var scanning = Task.Run(
            async () =>
            {
                try
                {
                    foreach (var collection in fetched.GetConsumingEnumerable(failed.Token))
                    {
                        ReadThrough(collection, block, failed.Token);
                    }
                }
                catch
                {
                    await failed.CancelAsync();
                    throw;
                }
            },
            CancellationToken.None);
        try
        {
            foreach (var (collection, file) in files)
            {
                collection.Size = await FetchAsync(bridge, collection.Name, file, failed.Token);
                fetched.Add(collection, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The scan has failed, and that is what is to be told.
        }
        finally
        {
            fetched.CompleteAdding();
            // Waited for in any case: it works with what the caller disposes of.
            await scanning.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await scanning;
    }

    private static FileStream OpenFetched(string file) => new(file, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });

    private static void ReadThrough(SourceCollection collection, Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        try
        {
            using var reader = collection.Open();
            while (reader.Read() is { } read)
            {
                stop.ThrowIfCancellationRequested();
                block(collection, read);
            }
        }
        catch (SourceDamagedException e)
        {
            collection.Damage = e;
        }
    }

    // A cursor ends with its connection, so a collection that was cut off begins again.
    private async Task<long> FetchAsync(Bridge bridge, string collection, string file, CancellationToken stop)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var to = PrivateFile.Create(file, FileMode.Create);
                await LiveCollection.ReadAsync(bridge, collection, stop);
                while (await bridge.ReceiveAsync(stop, 'd', 'e') is { Kind: 'd' } frame)
                {
                    await to.WriteAsync(frame.Payload, stop);
                }
                return to.Length;
            }
            catch (BridgeException e) when (e.MayPass && attempt < Attempts)
            {
                Say?.Invoke($"{collection}: {e.Message}; once more from its beginning.");
                await Task.Delay(pause, stop);
                pause *= 2;
            }
            catch (BridgeException e) when (e.MayPass)
            {
                throw new BridgeException(e.Kind, $"{collection} could not be read to its end in {Attempts} attempts: {e.Message}", e.Code);
            }
        }
    }
}
