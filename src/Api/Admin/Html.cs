using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace Backend.Api.Admin;

/// <summary>
/// A piece of HTML, written as an interpolated string: <c>Html h = $"&lt;p&gt;{text}&lt;/p&gt;"</c>. What stands in the string is markup, what is
/// filled in is encoded, in text and in quoted attributes alike; only other pieces of HTML are taken as they are.
/// </summary>
[InterpolatedStringHandler]
internal sealed class Html
{
    private readonly StringBuilder _text;

    public Html(int literalLength, int formattedCount) => _text = new StringBuilder(literalLength + (16 * formattedCount));

    public static Html Nothing { get; } = new(0, 0);

    public static Html Of(Html html) => html;

    public void AppendLiteral(string markup) => _text.Append(markup);

    public void AppendFormatted(string? text) => _text.Append(HtmlEncoder.Default.Encode(text ?? ""));

    public void AppendFormatted(long number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));

    public void AppendFormatted(long number, string format) => _text.Append(number.ToString(format, CultureInfo.InvariantCulture));

    public void AppendFormatted(Html? html) => _text.Append(html?._text);

    public void AppendFormatted(IEnumerable<Html> pieces)
    {
        foreach (var piece in pieces)
            _text.Append(piece._text);
    }

    public override string ToString() => _text.ToString();
}
