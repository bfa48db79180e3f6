using System.Globalization;
using Backend.Data.Catalog;

namespace Backend.MongoImport.Values;

/// <summary>Milliseconds since 1970, and what a timestamptz column and JavaScript make of them.</summary>
internal static class Instants
{
    /// <summary>0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.</summary>
    public const long First = -62_135_596_800_000;

    public const long Last = 253_402_300_799_999;

    private const long PostgresEpoch = 946_684_800_000;
    private const long JavaScriptLimit = 8_640_000_000_000_000;

    public static bool HasDotNetYear(long milliseconds) => milliseconds is >= First and <= Last;

    /// <summary>Whether a timestamptz column is given the instant (the row store leaves out the first and last day of what .NET knows).</summary>
    public static bool IsStorable(long milliseconds) => milliseconds >= Storage.MinMilliseconds && milliseconds <= Storage.MaxMilliseconds;

    /// <summary>Microseconds since 2000, as PostgreSQL's binary form has them.</summary>
    public static long ToPostgres(long milliseconds) => (milliseconds - PostgresEpoch) * 1000;

    /// <summary>Writes the instant as JavaScript's toISOString does; false beyond JavaScript's range.</summary>
    public static bool TryWriteIso(long milliseconds, Buffer to)
    {
        if (milliseconds is < -JavaScriptLimit or > JavaScriptLimit)
        {
            return false;
        }
        if (HasDotNetYear(milliseconds))
        {
            var instant = DateTime.UnixEpoch.AddMilliseconds(milliseconds);
            var room = to.Room(24);
            instant.TryFormat(room, out var used, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            to.Advance(used);
            return true;
        }
        // Outside of .NET's years the calendar repeats every 400 years.
        const long cycle = 146_097L * 86_400_000;
        var cycles = Math.DivRem(milliseconds - First, cycle, out var left);
        if (left < 0)
        {
            left += cycle;
            cycles--;
        }
        var inner = DateTime.MinValue.AddMilliseconds(left);
        var year = inner.Year + (cycles * 400);
        var text = year is >= 0 and <= 9999
            ? year.ToString("0000", CultureInfo.InvariantCulture)
            : (year < 0 ? "-" : "+") + Math.Abs(year).ToString("000000", CultureInfo.InvariantCulture);
        to.Bytes(System.Text.Encoding.ASCII.GetBytes(text + inner.ToString("-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)));
        return true;
    }
}
