using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Files;

/// <summary>
/// A file whose chunks are coming, in any order and between those of others: each is written to its place in a temporary file, so that none has to wait in
/// memory.
/// </summary>
internal sealed class PartialFile(GridFile file, string path) : IDisposable
{
    private const int MostNamed = 5;
    private readonly HashSet<long> _there = [];

    public GridFile File => file;

    public string Path => path;

    /// <summary>Why the file cannot be put together; null: nothing is wrong so far.</summary>
    public string? Damage { get; private set; }

    public bool IsComplete => Damage is null && _there.Count == file.Chunks;

    /// <summary>How many of a chunk's bytes there must be.</summary>
    public static long LengthOf(GridFile file, long n) => Math.Min(file.ChunkSize, file.Length - n * file.ChunkSize);

    /// <summary>Writes a chunk; false: it was there already.</summary>
    public bool Put(long n, ReadOnlySpan<byte> data)
    {
        if (n < 0 || n >= file.Chunks || data.Length != LengthOf(file, n))
        {
            Damage ??= n < 0 || n >= file.Chunks
                ? $"there is a chunk {n}, although {file.Length} bytes have {file.Chunks} chunks"
                : $"chunk {n} has {data.Length} bytes, not {LengthOf(file, n)}";
            return true;
        }
        if (!_there.Add(n))
        {
            if (!IsSame(n, data))
            {
                Damage ??= $"chunk {n} comes twice, with different content";
            }
            return false;
        }
        if (_there.Count == 1)
        {
            PrivateFile.Create(path, FileMode.Create).Dispose();
        }
        using var handle = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(handle, data, n * file.ChunkSize);
        return true;
    }

    /// <summary>Says which chunks never came.</summary>
    public string Missing()
    {
        if (_there.Count == 0)
        {
            return "none of its chunks is there";
        }
        var missing = new List<long>();
        for (var n = 0L; n < file.Chunks && missing.Count < MostNamed; n++)
        {
            if (!_there.Contains(n))
            {
                missing.Add(n);
            }
        }
        var count = file.Chunks - _there.Count;
        return $"{count} of {file.Chunks} chunks missing: {string.Join(", ", missing)}{(count > missing.Count ? ", …" : "")}";
    }

    public void Dispose() => System.IO.File.Delete(path);

    private bool IsSame(long n, ReadOnlySpan<byte> data)
    {
        using var handle = System.IO.File.OpenHandle(path);
        var there = new byte[data.Length];
        var read = 0;
        while (read < there.Length && RandomAccess.Read(handle, there.AsSpan(read), n * file.ChunkSize + read) is > 0 and var more)
        {
            read += more;
        }
        return read == there.Length && data.SequenceEqual(there);
    }
}
