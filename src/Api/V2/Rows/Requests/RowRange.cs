using System.Globalization;
using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>The rows asked for by a Range header of unit <c>items</c>: <c>Range: 0-24</c>. Other forms (bytes=…) are not ours and are ignored.</summary>
internal static class RowRange
{
    public static (int? Limit, int? Offset) Read(HttpRequest request)
    {
        var range = request.Headers.Range.ToString();
        if (range.Length == 0)
            return default;
        if (range.StartsWith("items=", StringComparison.Ordinal))
            range = range["items=".Length..];
        var dash = range.IndexOf('-');
        if (dash < 0 || !int.TryParse(range.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            return default;
        if (dash == range.Length - 1)
            return (null, first);
        if (!int.TryParse(range.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last))
            return default;
        return last < first
            ? throw new Problem(416, ProblemCodes.Range, "Requested range not satisfiable", "The lower boundary must be lower than or equal to the upper boundary in the Range header.")
            : ((int)Math.Min(int.MaxValue, (long)last - first + 1), first);
    }
}
