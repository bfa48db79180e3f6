using System.Security.Cryptography;
using System.Text;

namespace Backend.Data.Files;

/// <summary>Names of files.</summary>
public static class FileName
{
    /// <summary>Longest part between slashes, in bytes: what Linux file systems hold.</summary>
    private const int MaxPartBytes = 255;
    private const int MaxLength = 1024;

    /// <summary>
    /// Whether a store can keep a file of this name and no other place can be meant: parts between single slashes that are not empty, do not begin with a dot
    /// and hold no control character, backslash or half character.
    /// </summary>
    public static bool IsStorable(string name)
    {
        if (name.Length is 0 or > MaxLength)
            return false;
        foreach (var range in name.AsSpan().Split('/'))
        {
            if (!IsPart(name.AsSpan()[range]))
                return false;
        }

        return true;
    }

    /// <summary>A prefix that makes a name one of its own and not to be guessed: 32 hexadecimal digits and an underscore.</summary>
    public static string NewPrefix() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + "_";

    /// <summary>The text behind the last dot, in lower case; empty: none.</summary>
    public static string Extension(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 || name.IndexOf('/', dot) >= 0 ? "" : name[(dot + 1)..].ToLowerInvariant();
    }

    private static bool IsPart(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || part[0] == '.')
            return false;
        var bytes = 0;
        while (!part.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(part, out var rune, out var consumed) != System.Buffers.OperationStatus.Done || Rune.IsControl(rune) || rune.Value == '\\')
                return false;
            bytes += rune.Utf8SequenceLength;
            part = part[consumed..];
        }

        return bytes <= MaxPartBytes;
    }
}
