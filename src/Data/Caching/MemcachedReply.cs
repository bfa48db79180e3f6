using System.Buffers;
using System.Globalization;
using System.Text;

namespace Backend.Data.Caching;

/// <summary>What a server said, or that it said nothing.</summary>
internal enum ReplyKind
{
    /// <summary>The server cannot be reached, is too slow, or made no sense.</summary>
    Down,

    /// <summary>Done.</summary>
    Done,

    /// <summary>Here is the value.</summary>
    Value,

    /// <summary>There is no such key.</summary>
    Missing,

    /// <summary>Not stored: the key exists, or the server has no room.</summary>
    NotStored,
}

/// <summary>An answer of memcached's meta commands.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">The value, for <see cref="ReplyKind.Value"/>.</param>
/// <param name="Flags">The 32 bits that a client stores beside a value, when asked for.</param>
internal readonly record struct MemcachedReply(ReplyKind Kind, byte[]? Value = null, uint Flags = 0)
{
    private const int LongestLine = 2048;

    /// <summary>Reads one answer from the buffer and moves past it; false when it is not complete yet.</summary>
    /// <exception cref="InvalidDataException">The server does not understand us, or we do not understand it: the connection is of no use any more.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxValueBytes, out MemcachedReply reply)
    {
        reply = default;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> lineBytes, "\r\n"u8))
        {
            if (buffer.Length > LongestLine)
                throw new InvalidDataException("The answer has no end.");
            return false;
        }

        var line = Encoding.ASCII.GetString(lineBytes);
        var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (parts is [] ? "" : parts[0])
        {
            case "HD":
                reply = new(ReplyKind.Done);
                break;
            case "EN" or "NF":
                reply = new(ReplyKind.Missing);
                break;
            case "NS" or "EX" or "SERVER_ERROR":
                reply = new(ReplyKind.NotStored);
                break;
            case "VA" when parts.Length >= 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= maxValueBytes:
                if (reader.Remaining < size + 2)
                    return false;
                var value = new byte[size];
                reader.TryCopyTo(value);
                reader.Advance(size);
                if (!reader.IsNext("\r\n"u8, advancePast: true))
                    throw new InvalidDataException("The value has no end.");
                reply = new(ReplyKind.Value, value, FlagsOf(parts));
                break;
            default:
                throw new InvalidDataException($"The server answered \"{(line.Length > 80 ? line[..80] : line)}\".");
        }

        buffer = buffer.Slice(reader.Position);
        return true;
    }

    private static uint FlagsOf(string[] parts)
    {
        for (var i = 2; i < parts.Length; i++)
        {
            if (parts[i][0] == 'f' && uint.TryParse(parts[i].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var flags))
                return flags;
        }

        return 0;
    }
}
