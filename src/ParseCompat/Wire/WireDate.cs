using System.Globalization;
using System.Text.Json;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>Dates as JavaScript reads and prints them: ISO 8601 in UTC with exactly three fraction digits (contract 1.4, 5.1).</summary>
internal static class WireDate
{
    private const long MaxJavaScript = 8_640_000_000_000_000;

    /// <summary>Milliseconds since 1970 UTC of an ISO text, with or without time, offset and fraction; null when it is no date.</summary>
    public static long? Parse(string iso)
    {
        if (iso.Length > 7 && iso[0] is '+' or '-' && iso[7] == '-')
            return ParseExpanded(iso);
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (iso.Length == 4 && iso.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
            iso += "-01-01";
        else if (iso.EndsWith("T24:00:00.000Z", StringComparison.Ordinal))
            return Parse(iso[..10]) + 86_400_000;
        return DateTimeOffset.TryParse(iso, CultureInfo.InvariantCulture, Styles, out var instant) && iso.Length >= 6 && char.IsAsciiDigit(iso[0])
            ? instant.ToUnixTimeMilliseconds()
            : null;
    }

    /// <summary>Writes the text of an instant as a JSON string.</summary>
    public static void Write(Utf8JsonWriter writer, long milliseconds)
    {
        Span<byte> text = stackalloc byte[32];
        writer.WriteStringValue(text[..Format(milliseconds, text)]);
    }

    /// <summary>Writes the text of an instant as a JSON string.</summary>
    public static void Write(Utf8JsonWriter writer, DateTime utc)
    {
        Span<byte> text = stackalloc byte[32];
        writer.WriteStringValue(text[..IsoTimestamp.Format(utc, text)]);
    }

    /// <summary>The text of an instant.</summary>
    public static string Format(long milliseconds)
    {
        Span<byte> text = stackalloc byte[32];
        return System.Text.Encoding.ASCII.GetString(text[..Format(milliseconds, text)]);
    }

    private static int Format(long milliseconds, Span<byte> text)
    {
        const long First = -62_135_596_800_000; // year 1
        const long Last = 253_402_300_799_999; // year 9999
        if (milliseconds is >= First and <= Last)
            return IsoTimestamp.Format(DateTime.UnixEpoch.AddMilliseconds(milliseconds), text);

        // Years beyond four digits: the same day in a year of the same place in the 400-year cycle of the calendar.
        const long Cycle = 146_097L * 86_400_000;
        var cycles = (long)Math.Floor((double)(milliseconds - First) / Cycle);
        var inCycle = DateTime.UnixEpoch.AddMilliseconds(milliseconds - (cycles * Cycle));
        var year = inCycle.Year + (cycles * 400);
        var sign = year < 0 ? '-' : '+';
        var iso = year is >= 0 and <= 9999
            ? string.Create(CultureInfo.InvariantCulture, $"{year:0000}")
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{Math.Abs(year):000000}");
        return System.Text.Encoding.ASCII.GetBytes(iso + inCycle.ToString("-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture), text);
    }

    private static long? ParseExpanded(string iso)
    {
        if (!int.TryParse(iso.AsSpan(0, 7), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var year) || year is < -271_821 or > 275_760)
            return null;
        var cycles = (int)Math.Floor((year - 2000) / 400.0);
        var inCycle = Parse(string.Create(CultureInfo.InvariantCulture, $"{year - (cycles * 400):0000}") + iso[7..]);
        var milliseconds = inCycle + (cycles * 146_097L * 86_400_000);
        return milliseconds is >= -MaxJavaScript and <= MaxJavaScript ? milliseconds : null;
    }
}
