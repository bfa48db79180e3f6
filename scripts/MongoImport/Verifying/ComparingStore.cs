using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Backend.Data.Files;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// Holds files against those of a file store instead of putting them there: whatever puts files together for an import puts them together for a comparison. Used by
/// several threads.
/// </summary>
/// <param name="store">The files that are compared with.</param>
/// <param name="found">Gets the counts and differences.</param>
internal sealed class ComparingStore(IFileStore store, ClassVerification found) : IFileStore
{
    private const int BufferSize = 128 * 1024;
    private readonly Lock _lock = new();

    /// <summary>Bytes that were equal.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    public async Task<long> SaveAsync(string name, Stream content, FileDetails details, long maxBytes, CancellationToken cancellation)
    {
        await using var there = await store.OpenAsync(name, cancellation);
        var (length, hash, differsAt) = await CompareAsync(content, there?.Content, cancellation);
        lock (_lock)
        {
            if (there is null)
            {
                found.Differences.Add(new Difference(DifferenceKind.NoFile, FileVerifier.Name, name, null, InBytes(length), null));
            }
            else if (there.Length != length)
            {
                found.Differences.Add(new Difference(DifferenceKind.FileContent, FileVerifier.Name, name, "length", InBytes(length), InBytes(there.Length)));
            }
            else if (differsAt is { } at)
            {
                found.Differences.Add(new Difference(DifferenceKind.FileContent, FileVerifier.Name, name, "content", $"another from byte {N(at)} on", InBytes(length)));
            }
            else
            {
                found.Rows.Equal++;
                found.Rows.RowHash += hash;
                Bytes += length;
            }
        }
        return length;
    }

    /// <inheritdoc/>
    public ValueTask<OpenFile?> OpenAsync(string name, CancellationToken cancellation) => store.OpenAsync(name, cancellation);

    /// <inheritdoc/>
    public ValueTask<FileDetails?> ReadDetailsAsync(string name, CancellationToken cancellation) => store.ReadDetailsAsync(name, cancellation);

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancellation) => throw new NotSupportedException("A comparison deletes nothing.");

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string InBytes(long number) => $"{N(number)} bytes";

    // Length, the first half of the SHA-256, and the first byte that differs from the other's.
    private static async Task<(long Length, UInt128 Hash, long? DiffersAt)> CompareAsync(Stream content, Stream? other, CancellationToken cancellation)
    {
        var one = ArrayPool<byte>.Shared.Rent(BufferSize);
        var two = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var length = 0L;
            long? differsAt = null;
            while (await content.ReadAtLeastAsync(one.AsMemory(0, BufferSize), BufferSize, throwOnEndOfStream: false, cancellation) is > 0 and var read)
            {
                sha.AppendData(one, 0, read);
                if (other is not null && differsAt is null)
                {
                    var there = await other.ReadAtLeastAsync(two.AsMemory(0, read), read, throwOnEndOfStream: false, cancellation);
                    var common = one.AsSpan(0, read).CommonPrefixLength(two.AsSpan(0, there));
                    differsAt = common < read ? length + common : null;
                }
                length += read;
            }
            return (length, BinaryPrimitives.ReadUInt128BigEndian(sha.GetHashAndReset()), differsAt);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(one);
            ArrayPool<byte>.Shared.Return(two);
        }
    }
}
