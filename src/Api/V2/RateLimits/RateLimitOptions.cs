namespace Backend.Api.V2.RateLimits;

/// <summary>By what requests are told apart.</summary>
internal enum RateLimitPer
{
    /// <summary>The client's address.</summary>
    Address,

    /// <summary>The user; without one the address.</summary>
    User,

    /// <summary>Nothing: all clients together.</summary>
    Everybody,
}

/// <summary>One limit of v2's requests per time: <c>RateLimits:0</c> …</summary>
internal sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    /// <summary>The path below <c>/api/v2</c> that it counts, with everything below it: <c>/auth/token</c>, <c>/rows</c>, <c>/</c>.</summary>
    public string Path { get; set; } = "";

    /// <summary>Which methods; empty: all.</summary>
    public string[] Methods { get; set; } = [];

    /// <summary>The time in which requests are counted.</summary>
    public TimeSpan Window { get; set; }

    /// <summary>How many are taken in that time.</summary>
    public int Count { get; set; }

    /// <summary>By what requests are told apart.</summary>
    public RateLimitPer Per { get; set; }

    /// <summary>Whether the administrator is counted and refused too.</summary>
    public bool IncludeAdministrator { get; set; }

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    public static IEnumerable<string> Problems(IReadOnlyList<RateLimitOptions> limits)
    {
        for (var i = 0; i < limits.Count; i++)
        {
            if (!limits[i].Path.StartsWith('/'))
                yield return $"{Section}:{i}:Path must begin with a slash.";
            if (limits[i].Window <= TimeSpan.Zero || limits[i].Window > TimeSpan.FromDays(7))
                yield return $"{Section}:{i}:Window must be more than 0 and at most 7 days.";
            if (limits[i].Count < 1)
                yield return $"{Section}:{i}:Count must be 1 or more.";
        }
    }
}
