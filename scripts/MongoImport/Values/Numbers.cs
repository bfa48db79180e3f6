using System.Globalization;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>The four number types of BSON and the one of ours, a double.</summary>
internal static class Numbers
{
    /// <summary>The double that holds the number exactly; for a decimal: that prints the same digits.</summary>
    public static bool TryExact(BsonValue value, out double number)
    {
        switch (value.Type)
        {
            case BsonType.Int32:
                number = value.Int32;
                return true;
            case BsonType.Double:
                number = value.Double;
                return true;
            case BsonType.Int64:
                var integer = value.Int64;
                number = integer;
                // The largest Int64 rounds up to 2^63, which no long holds.
                return number < 9.2233720368547758E18 && (long)number == integer;
            default:
                var exact = value.Decimal128;
                number = exact.ToDouble();
                return !exact.IsFinite || Digits(exact.ToString()) == Digits(number.ToString("E16", CultureInfo.InvariantCulture))
                    || Digits(exact.ToString()) == Digits(number.ToString("R", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The number by its digits, for a value that no double holds.</summary>
    public static string ExactText(BsonValue value) =>
        value.Type == BsonType.Int64 ? value.Int64.ToString(CultureInfo.InvariantCulture) : value.Decimal128.ToString();

    // Sign, significant digits without zeros at either end, and the place of the point: equal for equal numbers.
    private static (bool, string, int) Digits(string text)
    {
        var negative = text.StartsWith('-');
        var e = text.IndexOfAny(['e', 'E']);
        var exponent = e < 0 ? 0 : int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = (e < 0 ? text : text[..e]).TrimStart('-');
        var point = mantissa.IndexOf('.');
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var place = (point < 0 ? mantissa.Length : point) + exponent;
        var leading = digits.Length - digits.TrimStart('0').Length;
        var significant = digits.Trim('0');
        return significant.Length == 0 ? (negative, "", 0) : (negative, significant, place - leading);
    }
}
