using System.Globalization;
using System.Text.Json;

namespace Backend.Compare;

/// <summary>What came out, grouped by kind, route and place in the answer.</summary>
internal sealed class ReplayReport
{
    private const int Examples = 3;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, string Route, string Path), Group> _groups = [];
    private readonly List<string> _unreadable = [];

    /// <summary>Requests sent to both servers.</summary>
    public long Requests { get; set; }

    /// <summary>Requests left out because they write.</summary>
    public long Skipped { get; set; }

    /// <summary>Requests whose answers differ.</summary>
    public long Differing { get; private set; }

    /// <summary>The differences.</summary>
    public IReadOnlyCollection<Group> Groups => _groups.Values;

    /// <summary>0: the same; 2: differences; 1: nothing could be compared.</summary>
    public int ExitCode => Requests == 0 || _unreadable.Count > 0 ? 1 : Differing > 0 ? 2 : 0;

    public void Unreadable(long line, string why) => _unreadable.Add(string.Create(CultureInfo.InvariantCulture, $"line {line} is no recorded request: {why}"));

    public void Add(long number, string route, string path, List<Difference> differences)
    {
        if (differences.Count == 0)
        {
            return;
        }
        lock (_lock)
        {
            Differing++;
            // Once a request, however many objects of its answer have it.
            foreach (var difference in differences.DistinctBy(d => (d.Kind, d.Path)))
            {
                var key = (difference.Kind, route, difference.Path);
                if (!_groups.TryGetValue(key, out var group))
                {
                    _groups.Add(key, group = new Group(difference.Kind, route, difference.Path));
                }
                group.Count++;
                if (group.Examples.Count < Examples)
                {
                    group.Examples.Add(new Example(number, path, difference.Old, difference.New));
                }
            }
        }
    }

    /// <summary>Writes it for a person.</summary>
    public void Write(TextWriter to)
    {
        foreach (var line in _unreadable.Take(Examples))
        {
            to.WriteLine(line);
        }
        foreach (var kind in _groups.Values.GroupBy(g => g.Kind).OrderByDescending(k => k.Sum(g => g.Count)))
        {
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Key}: {kind.Sum(g => g.Count)}"));
            foreach (var group in kind.OrderByDescending(g => g.Count))
            {
                to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {group.Count,6}  {group.Route}  {group.Path}"));
                foreach (var example in group.Examples)
                {
                    to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"          line {example.Line}: {example.Path}"));
                    to.WriteLine($"            old: {example.Old}");
                    to.WriteLine($"            new: {example.New}");
                }
            }
        }
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Requests} requests compared, {Differing} answered differently; {Skipped} left out because they write."));
    }

    /// <summary>Writes it for a program.</summary>
    public void WriteJson(Stream to) => JsonSerializer.Serialize(to, new { Requests, Differing, Skipped, Unreadable = _unreadable, Differences = _groups.Values.OrderByDescending(g => g.Count) }, Indented);

    /// <summary>Differences of one kind at one place.</summary>
    internal sealed record Group(string Kind, string Route, string Path)
    {
        public long Count { get; set; }

        public List<Example> Examples { get; } = [];
    }

    /// <summary>One of them.</summary>
    internal sealed record Example(long Line, string Path, string Old, string New);
}
