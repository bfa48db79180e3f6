using System.Globalization;
using Backend.Api.V2.Callers;
using Backend.Api.V2.Problems;
using Backend.Data.Limits;

namespace Backend.Api.V2.RateLimits;

/// <summary>Refuses clients that ask too often with 429 and <c>Retry-After</c>. In the pipeline only when limits are configured.</summary>
internal sealed class RateLimitMiddleware(RequestDelegate next, IReadOnlyList<RateLimitOptions> limits, RateCounter counter, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        for (var i = 0; i < limits.Count; i++)
        {
            var limit = limits[i];
            if (!Concerns(limit, context) || (!limit.IncludeAdministrator && context.Caller().IsAdministrator))
                continue;
            var counted = await counter.CountAsync($"v2 {i} {limit.Path} {Key(limit, context)}", limit.Window, context.RequestAborted);
            var headers = context.Response.Headers;
            headers["X-RateLimit-Limit"] = limit.Count.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = Math.Max(0, limit.Count - counted.Count).ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = new DateTimeOffset(counted.Resets).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            if (counted.Count <= limit.Count)
                continue;
            var wait = Math.Max(1, (int)Math.Ceiling((counted.Resets - time.GetUtcNow().UtcDateTime).TotalSeconds));
            throw new Problem(429, ProblemCodes.TooMany, "Too many requests.") { Headers = [new("Retry-After", wait.ToString(CultureInfo.InvariantCulture))] };
        }

        await next(context);
    }

    private static bool Concerns(RateLimitOptions limit, HttpContext context)
    {
        if (limit.Methods.Length > 0 && !limit.Methods.Contains(context.Request.Method, StringComparer.OrdinalIgnoreCase))
            return false;
        // The two segments before: api and the version.
        return context.Request.Path.StartsWithSegments("/api", out var versioned) && versioned.Value!.IndexOf('/', 1) is var slash
            && new PathString(slash < 0 ? "/" : versioned.Value[slash..]).StartsWithSegments(limit.Path.TrimEnd('/'));
    }

    private static string Key(RateLimitOptions limit, HttpContext context) => limit.Per switch
    {
        RateLimitPer.Everybody => "all",
        RateLimitPer.User when context.Caller().UserId is { } user => "user " + user,
        _ => $"address {ClientAddress.Counted(context.Connection.RemoteIpAddress)}",
    };
}
