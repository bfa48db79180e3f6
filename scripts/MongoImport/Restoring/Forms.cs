using System.Buffers;
using System.Buffers.Text;

namespace Backend.MongoImport.Restoring;

/// <summary>Texts of <c>__type</c> forms that stand for exactly one BSON value: what is read here and written again is the same text.</summary>
internal static class Forms
{
    private const int PlainLength = 24;      // 2016-05-01T12:30:00.000Z
    private const int LongYearLength = 27;   // +012016-05-01T12:30:00.000Z
    private const int LargestPlainYear = 9999;
    private const int YearsOfCycle = 400;
    private const long CycleMilliseconds = 146_097L * 86_400_000;

    /// <summary>An instant as JavaScript prints it.</summary>
    public static bool TryDate(ReadOnlySpan<byte> iso, out long milliseconds)
    {
        milliseconds = 0;
        long year;
        switch (iso.Length)
        {
            case PlainLength when TryDigits(iso[..4], out year):
                iso = iso[4..];
                break;
            case LongYearLength when iso[0] is (byte)'+' or (byte)'-' && TryDigits(iso[1..7], out year):
                year = iso[0] == '-' ? -year : year;
                if (year is >= 0 and <= LargestPlainYear)
                {
                    return false;
                }
                iso = iso[7..];
                break;
            default:
                return false;
        }
        if (iso[0] != '-' || iso[3] != '-' || iso[6] != 'T' || iso[9] != ':' || iso[12] != ':' || iso[15] != '.' || iso[19] != 'Z'
            || !TryDigits(iso[1..3], out var month) || !TryDigits(iso[4..6], out var day) || !TryDigits(iso[7..9], out var hour)
            || !TryDigits(iso[10..12], out var minute) || !TryDigits(iso[13..15], out var second) || !TryDigits(iso[16..19], out var thousandth)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }
        // The calendar repeats every 400 years: so years that .NET does not know can be worked out in some that it does.
        var cycles = Math.DivRem(year, YearsOfCycle, out var inCycle);
        if (inCycle < 0)
        {
            inCycle += YearsOfCycle;
            cycles--;
        }
        var stand = (int)inCycle + YearsOfCycle;
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(stand, (int)month))
        {
            return false;
        }
        var instant = new DateTime(stand, (int)month, (int)day, (int)hour, (int)minute, (int)second, (int)thousandth, DateTimeKind.Utc);
        milliseconds = new DateTimeOffset(instant).ToUnixTimeMilliseconds() + ((cycles - 1) * CycleMilliseconds);
        return true;
    }

    /// <summary>Bytes in base64 with its padding; null when the text is anything else.</summary>
    public static byte[]? TryBytes(ReadOnlySpan<byte> base64)
    {
        if (base64.Length % 4 != 0)
        {
            return null;
        }
        var bytes = new byte[base64.Length / 4 * 3];
        if (Base64.DecodeFromUtf8(base64, bytes, out var used, out var length) != OperationStatus.Done || used != base64.Length)
        {
            return null;
        }
        Array.Resize(ref bytes, length);
        // Bits that the padding should leave zero: such a text is not what anybody would write for these bytes.
        var again = new byte[base64.Length];
        Base64.EncodeToUtf8(bytes, again, out _, out _);
        return base64.SequenceEqual(again) ? bytes : null;
    }

    private static bool TryDigits(ReadOnlySpan<byte> digits, out long number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }
            number = (number * 10) + digit - '0';
        }
        return true;
    }
}
