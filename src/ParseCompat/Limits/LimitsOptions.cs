using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary>What clients of the dialect may not do, in section <c>ParseCompat</c>.</summary>
internal sealed class LimitsOptions
{
    public const string Section = "ParseCompat";

    /// <summary>Limits of requests per time; none, if none is configured.</summary>
    public RateLimitOptions[] RateLimits { get; set; } = [];

    /// <summary>
    /// The only routes that clients without the master key can use: regular expressions for the whole path below the mount, without its first slash. Null: all;
    /// empty: none.
    /// </summary>
    public string[]? RouteAllowList { get; set; }

    /// <summary>Words that written data may not hold. Null: what could pollute JavaScript objects; empty: any word is taken.</summary>
    public KeywordOptions[]? KeywordDenylist { get; internal set; }

    /// <summary>The words with their default.</summary>
    internal IEnumerable<KeywordOptions> Keywords =>
        KeywordDenylist ?? [new() { Key = "_bsontype", Value = "Code" }, new() { Key = "constructor" }, new() { Key = "__proto__" }];

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems()
    {
        for (var i = 0; i < RateLimits.Length; i++)
        {
            foreach (var problem in RateLimits[i].Problems(i))
                yield return problem;
        }

        foreach (var pattern in (RouteAllowList ?? []).Where(pattern => !Patterns.IsValid($"^(?:{pattern})$")))
            yield return $"{Section}:RouteAllowList holds '{pattern}', which is no regular expression.";
        for (var i = 0; i < KeywordDenylist?.Length; i++)
        {
            if (KeywordDenylist[i] is { Key: null, Value: null })
                yield return $"{Section}:KeywordDenylist:{i} names neither a Key nor a Value.";
            foreach (var pattern in new[] { KeywordDenylist[i].Key, KeywordDenylist[i].Value }.OfType<string>().Where(p => !Patterns.IsValid(p)))
                yield return $"{Section}:KeywordDenylist:{i} holds '{pattern}', which is no regular expression.";
        }
    }
}

/// <summary>Checks the settings at start, also names that the binder would pass over in silence.</summary>
internal sealed class LimitsOptionsValidator(IConfiguration configuration) : IValidateOptions<LimitsOptions>
{
    private static readonly HashSet<string> RateLimitNames = [.. typeof(RateLimitOptions).GetProperties().Select(p => p.Name)];
    private static readonly HashSet<string> KeywordNames = [nameof(KeywordOptions.Key), nameof(KeywordOptions.Value)];

    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        var section = configuration.GetSection(LimitsOptions.Section);
        var problems = Names(section.GetSection(nameof(LimitsOptions.RateLimits)), RateLimitNames, bare: false)
            .Concat(Names(section.GetSection(nameof(LimitsOptions.KeywordDenylist)), KeywordNames, bare: true))
            .Concat(options.Problems()).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Names(IConfigurationSection list, HashSet<string> known, bool bare)
    {
        if (!string.IsNullOrEmpty(list.Value))
            yield return $"{list.Path} is a list: its first entry is {list.Path}:0.";
        foreach (var entry in list.GetChildren())
        {
            if (!bare && !string.IsNullOrEmpty(entry.Value))
                yield return $"{entry.Path} is an object of {string.Join(", ", known)}.";
            foreach (var setting in entry.GetChildren().Where(s => !known.Contains(s.Key, StringComparer.OrdinalIgnoreCase)))
                yield return $"{setting.Path} is not a setting.";
        }
    }
}
