using System.Text;
using System.Text.RegularExpressions;

namespace Backend.ParseCompat.Limits;

/// <summary>By what requests are told apart.</summary>
internal enum RateLimitZone
{
    /// <summary>The client's address.</summary>
    Ip,

    /// <summary>The session token; without one the address.</summary>
    Session,

    /// <summary>The user; without one the address.</summary>
    User,

    /// <summary>Nothing: all clients together.</summary>
    Global,
}

/// <summary>One limit, <c>ParseCompat:RateLimits:0</c> … (contract section 26). The names are those of the old server's option.</summary>
internal sealed class RateLimitOptions
{
    public const string Section = "ParseCompat:RateLimits";

    /// <summary>
    /// Which paths below the mount: <c>/functions/sum</c>, <c>/classes/*</c> (everything below), <c>/classes/:name</c> (one segment), <c>*</c> (all). Compared
    /// without case.
    /// </summary>
    public string RequestPath { get; set; } = "";

    /// <summary>Which methods; empty: all. A single one may be a regular expression.</summary>
    public string[] RequestMethods { get; set; } = [];

    /// <summary>The time in which requests are counted.</summary>
    public TimeSpan RequestTimeWindow { get; set; }

    /// <summary>How many are taken in that time.</summary>
    public int RequestCount { get; set; }

    /// <summary>The answer's text beyond that, with status 429 and code 100.</summary>
    public string ErrorResponseMessage { get; set; } = "Too many requests.";

    /// <summary>Whether the master key is counted and refused too.</summary>
    public bool IncludeMasterKey { get; set; }

    /// <summary>Whether requests from this machine are counted and refused too.</summary>
    public bool IncludeInternalRequests { get; set; }

    /// <summary>By what requests are told apart.</summary>
    public RateLimitZone Zone { get; set; }

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems(int index)
    {
        var section = $"{Section}:{index}";
        if (RequestPath.Length == 0)
            yield return $"{section}:RequestPath is missing.";
        else if (!Patterns.IsValid(PathPattern(RequestPath)))
            yield return $"{section}:RequestPath is '{RequestPath}', which cannot be read as a path with places.";
        if (RequestTimeWindow <= TimeSpan.Zero || RequestTimeWindow > TimeSpan.FromDays(7))
            yield return $"{section}:RequestTimeWindow is missing; it must be more than 0 and at most 7 days.";
        if (RequestCount < 1)
            yield return $"{section}:RequestCount is missing; it must be 1 or more.";
        if (!Enum.IsDefined(Zone))
            yield return $"{section}:Zone is none of Ip, Session, User, Global.";
        if (RequestMethods is [var method] && !Patterns.IsValid(method))
            yield return $"{section}:RequestMethods holds '{method}', which is neither a method nor a regular expression.";
    }

    /// <summary>The regular expression of a path with places, in the old server's syntax.</summary>
    internal static string PathPattern(string path)
    {
        if (path == "*")
            return "";
        var pattern = new StringBuilder("^");
        for (var i = 0; i < path.Length; i++)
        {
            switch (path[i])
            {
                case '*':
                    pattern.Append(".*");
                    while (i + 1 < path.Length && (char.IsAsciiLetterOrDigit(path[i + 1]) || path[i + 1] == '_'))
                        i++; // a name for what the star stands for
                    break;
                case ':':
                    pattern.Append("[^/]+");
                    while (i + 1 < path.Length && (char.IsAsciiLetterOrDigit(path[i + 1]) || path[i + 1] == '_'))
                        i++;
                    break;
                case '(' or ')' or '|' or '[' or ']' or '?' or '+' or '\\':
                    pattern.Append(path[i]); // an expression within the path
                    break;
                case '.' when i > 0 && path[i - 1] == '(':
                    pattern.Append('.');
                    break;
                default:
                    pattern.Append(Regex.Escape(path[i].ToString()));
                    break;
            }
        }

        return pattern.Append("/?$").ToString();
    }
}
