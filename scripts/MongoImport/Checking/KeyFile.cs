using System.Runtime.InteropServices;
using Backend.MongoImport.Sources;
using Microsoft.Win32.SafeHandles;

namespace Backend.MongoImport.Checking;

/// <summary>
/// Keeps keys of one class's documents in sorted runs in a temporary file, so that memory stays the same however many there are: <see cref="MostInMemory"/>
/// keys at a time for each of two classes (20 MB). A million documents need 24 MB of temporary disk for their ids and as much for each thing else that is looked up.
/// Used by one thread while it is filled.
/// </summary>
internal sealed class KeyFile : IDisposable
{
    /// <summary>Keys of all sets together that are in memory before some go to disk.</summary>
    public const int MostInMemory = 400_000;

    private readonly SafeFileHandle _file;
    private readonly List<KeySet> _sets = [];
    private readonly int _most;
    private long _end;
    private int _inMemory;

    public KeyFile(string folder, int most = MostInMemory)
    {
        _most = most;
        var path = Path.Combine(folder, $"import-mongo-{Guid.NewGuid():n}.keys");
        PrivateFile.Create(path, FileMode.CreateNew).Dispose();
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
    }

    public KeySet NewSet()
    {
        var set = new KeySet(this);
        _sets.Add(set);
        return set;
    }

    /// <summary>Everything is in: memory is given back.</summary>
    public void Complete() => _sets.ForEach(s => s.Spill());

    public void Dispose() => _file.Dispose();

    internal void Added()
    {
        if (++_inMemory <= _most)
        {
            return;
        }
        foreach (var set in _sets.OrderByDescending(s => s.InMemory).TakeWhile(_ => _inMemory > _most / 2))
        {
            set.Spill();
        }
    }

    internal (long Offset, int Count) Write(List<Key> keys)
    {
        keys.Sort();
        var bytes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(keys));
        RandomAccess.Write(_file, bytes, _end);
        var run = (_end, keys.Count);
        _end += bytes.Length;
        _inMemory -= keys.Count;
        return run;
    }

    internal int Read(long offset, Span<Key> keys)
    {
        var bytes = MemoryMarshal.AsBytes(keys);
        var read = 0;
        while (read < bytes.Length)
        {
            var count = RandomAccess.Read(_file, bytes[read..], offset + read);
            if (count == 0)
            {
                throw new IOException("A temporary file is shorter than what was written to it.");
            }
            read += count;
        }
        return read;
    }
}

/// <summary>Keys that belong together: all ids of a class, all values of a pointer.</summary>
internal sealed class KeySet(KeyFile file)
{
    private const int ReadAtOnce = 1024;

    private readonly List<(long Offset, int Count)> _runs = [];
    private List<Key> _keys = [];

    public long Count { get; private set; }

    internal int InMemory => _keys.Count;

    public void Add(Key key)
    {
        _keys.Add(key);
        Count++;
        file.Added();
    }

    /// <summary>All keys in order; the file must be complete.</summary>
    public IEnumerable<Key> Sorted()
    {
        if (_runs.Count == 1)
        {
            foreach (var key in Run(_runs[0]))
            {
                yield return key;
            }
            yield break;
        }
        var heads = new PriorityQueue<IEnumerator<Key>, Key>();
        foreach (var run in _runs)
        {
            var keys = Run(run).GetEnumerator();
            if (keys.MoveNext())
            {
                heads.Enqueue(keys, keys.Current);
            }
        }
        while (heads.TryDequeue(out var first, out var key))
        {
            yield return key;
            if (first.MoveNext())
            {
                heads.Enqueue(first, first.Current);
            }
        }
    }

    internal void Spill()
    {
        if (_keys.Count > 0)
        {
            _runs.Add(file.Write(_keys));
        }
        _keys = [];
    }

    private IEnumerable<Key> Run((long Offset, int Count) run)
    {
        var keys = new Key[Math.Min(ReadAtOnce, run.Count)];
        for (var at = 0; at < run.Count; at += keys.Length)
        {
            var length = Math.Min(keys.Length, run.Count - at);
            file.Read(run.Offset + (long)at * Key.Size, keys.AsSpan(0, length));
            for (var i = 0; i < length; i++)
            {
                yield return keys[i];
            }
        }
    }
}
