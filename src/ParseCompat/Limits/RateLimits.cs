using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Backend.Data.Limits;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary>Refuses clients that ask too often, by the limits of the configuration; each item of a batch counts as the request that it is.</summary>
internal sealed class RateLimits(IOptions<LimitsOptions> options, IOptions<ParseCompatOptions> server, RateCounter counter, ICallerSource callers, TimeProvider time) : IRequestGate
{
    private readonly Limit[] _limits = [.. options.Value.RateLimits.Select((o, i) => new Limit(i, o))];

    /// <inheritdoc/>
    public bool IsOn => _limits.Length > 0;

    /// <inheritdoc/>
    public async ValueTask AdmitAsync(ParseRequest request)
    {
        string? path = null;
        foreach (var limit in _limits)
        {
            path ??= "/" + string.Join('/', request.Segments);
            if (!limit.Concerns(request.Method, path)
                || (request.IsMaster && !limit.Options.IncludeMasterKey)
                || (!limit.Options.IncludeInternalRequests && IsFromHere(request)))
            {
                continue;
            }

            var counted = await counter.CountAsync($"parse {limit.Number} {limit.Options.RequestPath} {await KeyAsync(request, limit.Options.Zone)}", limit.Options.RequestTimeWindow, request.Aborted);
            var wait = Math.Max(0, (int)Math.Ceiling((counted.Resets - time.GetUtcNow().UtcDateTime).TotalSeconds));
            var headers = request.Http.Response.Headers;
            headers["X-RateLimit-Limit"] = limit.Options.RequestCount.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = Math.Max(0, limit.Options.RequestCount - counted.Count).ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = new DateTimeOffset(counted.Resets).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            if (counted.Count <= limit.Options.RequestCount)
                continue;
            headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
            throw new ParseError(ErrorCode.ConnectionFailed, limit.Options.ErrorResponseMessage, 429);
        }
    }

    private async ValueTask<string> KeyAsync(ParseRequest request, RateLimitZone zone)
    {
        switch (zone)
        {
            case RateLimitZone.Global:
                return "all";
            case RateLimitZone.Session when request.SessionToken is { } token:
                return "session " + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)).AsSpan(0, 16));
            case RateLimitZone.User when request.SessionToken is { } token && !request.IsMaster:
                return (request.Caller.UserId ?? await UserAsync(token, request.Aborted)) is { } user ? "user " + user : Address(request);
            default:
                return Address(request);
        }
    }

    /// <summary>The user of a token; none of a token that is refused anyway.</summary>
    private async ValueTask<string?> UserAsync(string token, CancellationToken cancellation)
    {
        try
        {
            return (await callers.ResolveAsync(token, cancellation)).UserId;
        }
        catch (ParseError error) when (error.Code == ErrorCode.InvalidSessionToken)
        {
            return null;
        }
    }

    private string Address(ParseRequest request) => $"address {ClientAddress.Counted(request.Http.Connection.RemoteIpAddress)} {server.Value.ApplicationId}";

    private static bool IsFromHere(ParseRequest request) => request.Http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);

    private sealed class Limit
    {
        private readonly Regex _path;
        private readonly Regex? _method;

        public Limit(int number, RateLimitOptions options)
        {
            (Number, Options) = (number, options);
            _path = Patterns.Compile(RateLimitOptions.PathPattern(options.RequestPath), RegexOptions.IgnoreCase);
            if (options.RequestMethods is [var single])
                _method = Patterns.Compile(single);
        }

        public int Number { get; }

        public RateLimitOptions Options { get; }

        public bool Concerns(string method, string path) =>
            (Options.RequestMethods.Length == 0 || Array.IndexOf(Options.RequestMethods, method) >= 0 || (_method is not null && Patterns.Matches(_method, method)))
            && Patterns.Matches(_path, path);
    }
}
