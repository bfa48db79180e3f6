using System.Buffers.Text;
using System.Globalization;

namespace Backend.Data.Values;

/// <summary>Numbers as JavaScript prints them (ECMAScript Number::toString): 1, 0.1, 1e+21, 1.5e-7; what is not finite as null.</summary>
public static class JavaScriptNumber
{
    /// <summary>Writes into at least 32 bytes and returns how many were written.</summary>
    public static int Format(double number, Span<byte> output)
    {
        if (Math.Abs(number) < 1e15 && number == Math.Truncate(number))
        {
            // The common case; also turns -0 into 0, as JSON.stringify does.
            Utf8Formatter.TryFormat((long)number, output, out var length);
            return length;
        }

        if (!double.IsFinite(number))
        {
            "null"u8.CopyTo(output);
            return 4;
        }

        // Shortest digits that give the double back, as d.ddddE+xxx.
        Span<byte> shortest = stackalloc byte[40];
        number.TryFormat(shortest, out var shortestLength, "R", CultureInfo.InvariantCulture);
        return Layout(shortest[..shortestLength], output);
    }

    /// <summary>The same as text.</summary>
    public static string Format(double number)
    {
        Span<byte> text = stackalloc byte[40];
        var length = Format(number, text);
        return System.Text.Encoding.ASCII.GetString(text[..length]);
    }

    private static int Layout(ReadOnlySpan<byte> shortest, Span<byte> output)
    {
        var n = 0;
        if (shortest[0] == (byte)'-')
        {
            output[n++] = (byte)'-';
            shortest = shortest[1..];
        }

        Span<byte> digits = stackalloc byte[24];
        var count = 0;
        var point = 0;
        var exponent = 0;
        var seenPoint = false;
        for (var i = 0; i < shortest.Length; i++)
        {
            var c = shortest[i];
            if (c == (byte)'.')
            {
                seenPoint = true;
            }
            else if (c is (byte)'E' or (byte)'e')
            {
                exponent = int.Parse(shortest[(i + 1)..], CultureInfo.InvariantCulture);
                break;
            }
            else if (count == 0 && c == (byte)'0')
            {
                if (seenPoint)
                    point--;
            }
            else
            {
                digits[count++] = c;
                if (!seenPoint)
                    point++;
            }
        }

        while (count > 1 && digits[count - 1] == (byte)'0')
            count--;
        return Print(digits[..count], point + exponent, output, n);
    }

    // n is the place of the decimal point behind the first digit's left edge, as in the specification.
    private static int Print(ReadOnlySpan<byte> digits, int point, Span<byte> output, int n)
    {
        if (point is > 0 and <= 21)
        {
            for (var i = 0; i < Math.Max(point, digits.Length); i++)
            {
                if (i == point)
                    output[n++] = (byte)'.';
                output[n++] = i < digits.Length ? digits[i] : (byte)'0';
            }

            return n;
        }

        if (point is > -6 and <= 0)
        {
            "0."u8.CopyTo(output[n..]);
            n += 2;
            for (var i = point; i < 0; i++)
                output[n++] = (byte)'0';
            digits.CopyTo(output[n..]);
            return n + digits.Length;
        }

        output[n++] = digits[0];
        if (digits.Length > 1)
        {
            output[n++] = (byte)'.';
            digits[1..].CopyTo(output[n..]);
            n += digits.Length - 1;
        }

        output[n++] = (byte)'e';
        output[n++] = (byte)(point > 0 ? '+' : '-');
        Utf8Formatter.TryFormat(Math.Abs(point - 1), output[n..], out var length);
        return n + length;
    }
}
