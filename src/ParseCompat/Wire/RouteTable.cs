using System.Collections.Frozen;

namespace Backend.ParseCompat.Wire;

/// <summary>Answers a request; a refusal is thrown (<see cref="ParseError"/> or Data's own).</summary>
internal delegate ValueTask<ParseResponse> RouteHandler(ParseRequest request);

/// <summary>What the frame does differently for a route.</summary>
[Flags]
internal enum RouteRules
{
    /// <summary>Keys are checked and a session token is resolved.</summary>
    None = 0,

    /// <summary>Only the master key (or the read-only one) opens it.</summary>
    Master = 1,

    /// <summary>A session token is not looked at (log-in) or is checked by the handler (<see cref="ParseRequest.SessionToken"/>).</summary>
    IgnoreSession = 2,

    /// <summary>Needs no application id and no key (health, pages). The body is not read as JSON when it is a form: see <see cref="RequestBody"/>.</summary>
    Open = 4,

    /// <summary>
    /// The handler reads the body itself, as bytes. Only a request that shows no known application id in its headers has its body read as JSON, for its
    /// credentials (contract 2.2). No method override, and not within a batch.
    /// </summary>
    Raw = 8,
}

/// <summary>One route: <c>GET /classes/:className/:objectId</c>. A last segment <c>:name*</c> takes one or more, joined by slashes.</summary>
internal sealed class Route
{
    private readonly string[] _segments;
    private readonly bool[] _isParameter;

    public Route(string method, string pattern, RouteHandler handler, RouteRules rules)
    {
        Method = method;
        Pattern = pattern;
        Handler = handler;
        Rules = rules;
        _segments = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        _isParameter = [.. _segments.Select(s => s[0] == ':')];
        TakesRest = _segments[^1].EndsWith('*');
        _segments = [.. _segments.Select(s => s.TrimStart(':').TrimEnd('*'))];
    }

    public string Method { get; }

    public string Pattern { get; }

    public RouteHandler Handler { get; }

    public RouteRules Rules { get; }

    /// <summary>Whether the last parameter takes all further segments.</summary>
    public bool TakesRest { get; }

    /// <summary>How many segments a path must have.</summary>
    public int Length => _segments.Length;

    /// <summary>The first segment, always a literal.</summary>
    public string First => _segments[0];

    /// <summary>The position of a parameter, or -1.</summary>
    public int IndexOf(string parameter)
    {
        for (var i = 0; i < _segments.Length; i++)
        {
            if (_isParameter[i] && _segments[i] == parameter)
                return i;
        }

        return -1;
    }

    /// <summary>Whether decoded segments fit; literals are compared without case, and an empty segment is no parameter's value.</summary>
    public bool Matches(string[] segments)
    {
        if (segments.Length != _segments.Length && !(TakesRest && segments.Length > _segments.Length))
            return false;
        for (var i = 0; i < _segments.Length; i++)
        {
            if (_isParameter[i] ? segments[i].Length == 0 : !segments[i].Equals(_segments[i], StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return !TakesRest || Array.IndexOf(segments, "", _segments.Length - 1) < 0;
    }

    /// <summary>How many parameters it has: of two routes that fit, the one with fewer wins (<c>/users/me</c> before <c>/users/:objectId</c>).</summary>
    public int Parameters => _isParameter.Count(p => p);
}

/// <summary>Adds the routes of one area of the dialect; every implementation that is registered is asked once at start.</summary>
internal interface IRouteSource
{
    /// <summary>Adds routes.</summary>
    void AddRoutes(RouteList routes);
}

/// <summary>The routes being collected at start.</summary>
internal sealed class RouteList
{
    private readonly List<Route> _routes = [];

    /// <summary>Adds a route. The pattern begins with a literal segment; a segment <c>:name</c> is a parameter.</summary>
    public void Map(string method, string pattern, RouteHandler handler, RouteRules rules = RouteRules.None) =>
        _routes.Add(new Route(method, pattern, handler, rules));

    /// <summary>The finished table.</summary>
    public RouteTable Build() => new(_routes);
}

/// <summary>All routes, found by the first segment (contract 1.1: Express semantics).</summary>
internal sealed class RouteTable
{
    private readonly FrozenDictionary<string, Route[]> _byFirst;

    public RouteTable(IEnumerable<Route> routes)
    {
        _byFirst = routes.GroupBy(r => r.First, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(g => g.Key, g => g.OrderBy(r => r.TakesRest).ThenBy(r => r.Parameters).ToArray(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Every route.</summary>
    public IReadOnlyCollection<Route> All => [.. _byFirst.Values.SelectMany(r => r)];

    /// <summary>The route of a method and decoded path segments, or null. HEAD is answered by GET's route.</summary>
    public Route? Find(string method, string[] segments)
    {
        if (segments.Length == 0 || !_byFirst.TryGetValue(segments[0], out var routes))
            return null;
        var wanted = method == "HEAD" ? "GET" : method;
        foreach (var route in routes)
        {
            if (route.Method == wanted && route.Matches(segments))
                return route;
        }

        return null;
    }

    /// <summary>
    /// The decoded segments of a path below a mount: doubled leading slashes collapsed, one trailing slash dropped. An empty segment inside
    /// stays and matches nothing.
    /// </summary>
    /// <exception cref="ParseError">400: a malformed percent escape.</exception>
    public static string[] Split(string path)
    {
        var start = 0;
        while (start < path.Length && path[start] == '/')
            start++;
        var end = path.Length > start && path[^1] == '/' ? path.Length - 1 : path.Length;
        if (end <= start)
            return [];
        var span = path.AsSpan(start, end - start);
        var segments = new string[span.Count('/') + 1];
        var i = 0;
        foreach (var range in span.Split('/'))
            segments[i++] = Decode(span[range]);
        return segments;
    }

    private static string Decode(ReadOnlySpan<char> segment)
    {
        if (!segment.Contains('%'))
            return segment.ToString();
        for (var i = 0; i < segment.Length; i++)
        {
            if (segment[i] == '%' && (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2])))
                throw ParseError.BadBody($"Failed to decode param '{segment}'");
        }

        return Uri.UnescapeDataString(segment.ToString());
    }
}
