using System.Globalization;
using Backend.Api.V2.Problems;
using Microsoft.Net.Http.Headers;

namespace Backend.Api.V2.Rows;

/// <summary>Row versions as entity tags. A tag that a proxy made weak by compressing the answer still names its version.</summary>
internal static class ETags
{
    public static string Of(uint version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version that If-Match asks for; null: any.</summary>
    public static uint? IfMatch(HttpRequest request)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0 || header is ["*"])
            return null;
        return EntityTagHeaderValue.TryParseList(header, out var tags) && tags is [var one] && Version(one) is { } version
            ? version
            : throw new Problem(412, ProblemCodes.Precondition, "The row has another version.", "If-Match takes one ETag of this service.");
    }

    /// <summary>Whether If-None-Match names this version.</summary>
    public static bool IsKnown(HttpRequest request, uint version) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var tags) && tags.Any(t => Version(t) == version || t == EntityTagHeaderValue.Any);

    private static uint? Version(EntityTagHeaderValue tag) =>
        uint.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
}
