using System.Globalization;

namespace Backend.Data.Values;

/// <summary>Instants as both APIs print them: ISO 8601 in UTC with three fraction digits, <c>2026-01-31T23:59:59.999Z</c>.</summary>
public static class IsoTimestamp
{
    /// <summary>Bytes of an instant's text.</summary>
    public const int Length = 24;

    /// <summary>Writes an instant into at least 32 bytes; what is below a millisecond is left out.</summary>
    /// <returns><see cref="Length"/>.</returns>
    public static int Format(DateTime utc, Span<byte> output)
    {
        // The round-trip form has a formatter of its own in the framework, several times faster than a pattern; it has seven fraction digits.
        utc.TryFormat(output, out _, "O", CultureInfo.InvariantCulture);
        output[Length - 1] = (byte)'Z';
        return Length;
    }
}
