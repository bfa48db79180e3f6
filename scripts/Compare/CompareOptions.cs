using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Backend.Compare;

/// <summary>What a comparison is told.</summary>
internal sealed record CompareOptions
{
    /// <summary>The recorded requests: a file, or - for standard input.</summary>
    public string Log { get; init; } = "";

    /// <summary>The old server: the address that recorded paths are appended to.</summary>
    public Uri Old { get; init; } = null!;

    /// <summary>The new one.</summary>
    public Uri New { get; init; } = null!;

    /// <summary>What recorded paths begin with that is not sent, because the addresses say it (<c>/parse</c>); empty: nothing.</summary>
    public string Mount { get; init; } = "";

    /// <summary>Whether requests that write are sent as well: both servers are copies, and the addresses were named twice.</summary>
    public bool Writes { get; init; }

    /// <summary>How many requests at a time; with writes always one, in the order of the log.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>How many requests at most.</summary>
    public long Limit { get; init; } = long.MaxValue;

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Paths in answers whose differences do not count: <c>results[].updatedAt</c>; <c>*</c> stands for one key, <c>**</c> for any number.</summary>
    public IReadOnlyList<Regex> Ignored { get; init; } = [];

    /// <summary>Headers of answers that are compared.</summary>
    public IReadOnlyList<string> Headers { get; init; } = ["Content-Type", "Location", "Access-Control-Allow-Origin"];

    /// <summary>Where the report goes as JSON.</summary>
    public string? Report { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done.</exception>
    public static CompareOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new CompareOptions();
        var ignored = new List<string>();
        var copies = new List<Uri>();
        for (var i = 0; i < arguments.Count; i++)
        {
            string Value() => ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{arguments[i - 1]} needs a value.");
            switch (arguments[i])
            {
                case "--old":
                    options = options with { Old = Address(Value()) };
                    break;
                case "--new":
                    options = options with { New = Address(Value()) };
                    break;
                case "--mount":
                    options = options with { Mount = "/" + Value().Trim('/') };
                    break;
                case "--writes":
                    options = options with { Writes = true };
                    copies.Add(Address(Value()));
                    break;
                case "--concurrency":
                    options = options with { Concurrency = (int)Number(Value(), 1, 256) };
                    break;
                case "--limit":
                    options = options with { Limit = Number(Value(), 1, long.MaxValue) };
                    break;
                case "--timeout":
                    options = options with { Timeout = TimeSpan.FromSeconds(Number(Value(), 1, 3600)) };
                    break;
                case "--ignore":
                    ignored.Add(Value());
                    break;
                case "--rules":
                    ignored.AddRange(Rules(Value()));
                    break;
                case "--headers":
                    options = options with { Headers = Value().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
                    break;
                case "--report":
                    options = options with { Report = Value() };
                    break;
                case ['-', _, ..] unknown:
                    throw new ArgumentException($"{unknown} is no option.");
                default:
                    options = options with { Log = options.Log.Length == 0 ? arguments[i] : throw new ArgumentException($"One log at a time: {arguments[i]} is a second.") };
                    break;
            }
        }
        if (options.Log.Length == 0 || options.Old is null || options.New is null)
        {
            throw new ArgumentException("A recorded log, --old and --new are needed.");
        }
        if (options.Writes && !(copies.Contains(options.Old) && copies.Contains(options.New)))
        {
            throw new ArgumentException("Requests that write go to copies only: give --writes twice, with the address of --old and with that of --new.");
        }
        return options with { Ignored = [.. ignored.Select(Pattern)], Concurrency = options.Writes ? 1 : options.Concurrency };
    }

    private static Uri Address(string text) => Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
        ? address
        : throw new ArgumentException($"{text} is no address of a server.");

    private static long Number(string text, long least, long most) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
        ? number
        : throw new ArgumentException($"{text} is not a number from {least} to {most}.");

    private static List<string> Rules(string path)
    {
        try
        {
            using var rules = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. rules.RootElement.GetProperty("ignore").EnumerateArray().Select(e => e.GetString()!)];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ArgumentException($"{path}: rules are {{\"ignore\": [\"path\", …]}}: {e.Message}");
        }
    }

    private static Regex Pattern(string path) =>
        new("^" + Regex.Escape(path).Replace(@"\*\*\.", "(?:.*\\.)?", StringComparison.Ordinal).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", @"[^.\[]*", StringComparison.Ordinal) + "$", RegexOptions.CultureInvariant);
}
