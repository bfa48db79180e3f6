using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Backend.MongoImport.Bson;

/// <summary>An IEEE 754-2008 decimal of 34 digits in the binary (BID) form that BSON uses.</summary>
internal readonly record struct Decimal128(ulong High, ulong Low)
{
    private const int Bias = 6176;
    private static readonly BigInteger Largest = BigInteger.Pow(10, 34) - 1;

    public static Decimal128 Read(ReadOnlySpan<byte> raw) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(raw[8..]), BinaryPrimitives.ReadUInt64LittleEndian(raw));

    public bool IsNegative => High >> 63 == 1;

    public bool IsNaN => (High & 0x7C00_0000_0000_0000) == 0x7C00_0000_0000_0000;

    public bool IsInfinity => (High & 0x7C00_0000_0000_0000) == 0x7800_0000_0000_0000;

    public bool IsFinite => !IsNaN && !IsInfinity;

    /// <summary>The nearest double; NaN and the infinities as themselves.</summary>
    public double ToDouble() => IsNaN ? double.NaN
        : IsInfinity ? (IsNegative ? double.NegativeInfinity : double.PositiveInfinity)
        : double.Parse(ToString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>Digits and exponent as the BSON decimal specification prints them: "1.5", "1E+6144", "NaN".</summary>
    public override string ToString()
    {
        if (IsNaN)
        {
            return "NaN";
        }
        if (IsInfinity)
        {
            return IsNegative ? "-Infinity" : "Infinity";
        }
        // The second form (two leading ones) can only hold more than 34 digits, which the standard reads as zero.
        var large = (High & 0x6000_0000_0000_0000) == 0x6000_0000_0000_0000;
        var exponent = (int)(large ? High >> 47 & 0x3FFF : High >> 49 & 0x3FFF) - Bias;
        var significand = large ? BigInteger.Zero : (new BigInteger(High & 0x1_FFFF_FFFF_FFFF) << 64) + Low;
        if (significand > Largest)
        {
            significand = BigInteger.Zero;
        }
        var digits = significand.ToString(CultureInfo.InvariantCulture);
        var sign = IsNegative ? "-" : "";
        var scientific = exponent + digits.Length - 1;
        if (exponent > 0 || scientific < -6)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}E{(scientific < 0 ? "-" : "+")}{Math.Abs(scientific)}";
        }
        if (exponent == 0)
        {
            return sign + digits;
        }
        var point = digits.Length + exponent;
        return point > 0
            ? $"{sign}{digits[..point]}.{digits[point..]}"
            : $"{sign}0.{new string('0', -point)}{digits}";
    }

    /// <summary>Reads what <see cref="ToString"/> prints; false when the text is no decimal of at most 34 digits.</summary>
    public static bool TryParse(string text, out Decimal128 value)
    {
        value = default;
        var negative = text.StartsWith('-');
        var body = text.TrimStart('-', '+');
        var sign = negative ? 1UL << 63 : 0;
        if (body.Equals("NaN", StringComparison.OrdinalIgnoreCase))
        {
            value = new(0x7C00_0000_0000_0000, 0);
            return true;
        }
        if (body.Equals("Infinity", StringComparison.OrdinalIgnoreCase) || body.Equals("inf", StringComparison.OrdinalIgnoreCase))
        {
            value = new(sign | 0x7800_0000_0000_0000, 0);
            return true;
        }
        var e = body.IndexOfAny(['e', 'E']);
        var exponent = 0;
        if (e >= 0 && !int.TryParse(body[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
        {
            return false;
        }
        var mantissa = e >= 0 ? body[..e] : body;
        var dot = mantissa.IndexOf('.');
        if (dot >= 0)
        {
            exponent -= mantissa.Length - dot - 1;
            mantissa = mantissa.Remove(dot, 1);
        }
        if (!BigInteger.TryParse(mantissa, NumberStyles.None, CultureInfo.InvariantCulture, out var significand))
        {
            return false;
        }
        while (significand > Largest && significand % 10 == 0)
        {
            significand /= 10;
            exponent++;
        }
        while (exponent > 6111 && significand * 10 <= Largest)
        {
            significand *= 10;
            exponent--;
        }
        if (significand > Largest || exponent is < -Bias or > 6111)
        {
            return false;
        }
        value = new(sign | (ulong)(exponent + Bias) << 49 | (ulong)(significand >> 64), (ulong)(significand & ulong.MaxValue));
        return true;
    }
}
