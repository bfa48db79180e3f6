using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Backend.ParseCompat.Limits;

/// <summary>Which requests with an id are taken once only: section <c>ParseCompat:Idempotency</c> (contract section 26).</summary>
internal sealed class IdempotencyOptions
{
    public const string Section = "ParseCompat:Idempotency";

    /// <summary>
    /// Regular expressions that match the beginning of a path below the mount, without its first slash (<c>functions/.*</c>). None: the feature
    /// is off, since iOS sends one id with all requests of a process.
    /// </summary>
    public string[] Paths { get; set; } = [];

    /// <summary>How long an id is remembered.</summary>
    public TimeSpan Ttl { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    /// <param name="section">The section as it stands: a text where a list belongs would be passed over in silence.</param>
    internal IEnumerable<string> Problems(IConfigurationSection section)
    {
        if (section.GetSection(nameof(Paths)) is { Value.Length: > 0 } paths)
            yield return $"{paths.Path} is a list: its first entry is {paths.Path}:0.";
        if (Ttl <= TimeSpan.Zero || Ttl > TimeSpan.FromDays(7))
            yield return $"{Section}:Ttl must be more than 0 and at most 7 days.";
        foreach (var path in Paths.Where(path => !Patterns.IsValid(path)))
            yield return $"{Section}:Paths holds '{path}', which is no regular expression.";
    }

    /// <summary>The paths as expressions.</summary>
    internal Regex[] Compile() => [.. Paths.Select(path => Patterns.Compile(path.StartsWith('^') ? path : "^" + path))];
}
