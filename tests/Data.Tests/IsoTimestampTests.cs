using System.Text;
using Backend.Data.Values;

namespace Backend.Data.Tests;

internal sealed class IsoTimestampTests
{
    [TestCase("0001-01-01T00:00:00.0000000", "0001-01-01T00:00:00.000Z")]
    [TestCase("1969-12-31T23:59:59.9990000", "1969-12-31T23:59:59.999Z")]
    [TestCase("2026-01-31T03:04:05.0079999", "2026-01-31T03:04:05.007Z")]
    [TestCase("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999Z")]
    public void An_instant_has_three_fraction_digits_and_is_never_rounded_up(string instant, string expected)
    {
        var at = DateTime.Parse(instant, System.Globalization.CultureInfo.InvariantCulture);
        Span<byte> text = stackalloc byte[32];
        foreach (var kind in new[] { DateTimeKind.Utc, DateTimeKind.Unspecified })
        {
            var length = IsoTimestamp.Format(DateTime.SpecifyKind(at, kind), text);
            Assert.That(Encoding.ASCII.GetString(text[..length]), Is.EqualTo(expected));
        }
    }
}
