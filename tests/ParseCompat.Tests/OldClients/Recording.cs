namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>One request of a recording and what its answer must be.</summary>
internal sealed record Exchange(string Title, string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Headers, string? Body, IReadOnlyList<string> Expected);

/// <summary>
/// A file of requests in the form in which an SDK sends them, in order. <c>@ Name: value</c>: a header of all that follow; <c>### title</c> begins an exchange: the request line,
/// further headers, the body (from the first line that is no header), and lines of <c>&lt; </c>, which say what the answer must be (<see cref="Expectations"/>). <c>{{name}}</c> stands for
/// something that an earlier answer gave.
/// </summary>
internal static class Recording
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "OldClients", "Recorded");

    public static IReadOnlyList<Exchange> Read(string file)
    {
        var common = new List<KeyValuePair<string, string>>();
        var exchanges = new List<Exchange>();
        var lines = new Queue<string>(File.ReadAllLines(Path.Combine(Folder, file)));
        while (lines.TryDequeue(out var line))
        {
            if (line.StartsWith("@ ", StringComparison.Ordinal))
                common.Add(Header(line[2..]));
            else if (line.StartsWith("### ", StringComparison.Ordinal))
                exchanges.Add(ReadExchange(line[4..], lines, common));
            else if (line.Length > 0 && !line.StartsWith('#'))
                throw new FormatException($"{file}: {line}");
        }

        return exchanges;
    }

    private static Exchange ReadExchange(string title, Queue<string> lines, List<KeyValuePair<string, string>> common)
    {
        var request = lines.Dequeue().Split(' ', 2);
        var headers = new List<KeyValuePair<string, string>>(common);
        while (lines.TryPeek(out var line) && line.Length > 0 && !"{[<>".Contains(line[0]))
        {
            var header = Header(lines.Dequeue());
            headers.RemoveAll(h => h.Key.Equals(header.Key, StringComparison.OrdinalIgnoreCase));
            if (header.Value != "-")
                headers.Add(header);
        }

        var body = new List<string>();
        while (lines.TryPeek(out var line) && !line.StartsWith("< ", StringComparison.Ordinal))
            body.Add(lines.Dequeue().TrimStart('>'));
        var expected = new List<string>();
        while (lines.TryPeek(out var line) && line.StartsWith("< ", StringComparison.Ordinal))
            expected.Add(lines.Dequeue()[2..].Trim());
        return new(title, request[0], request[1], headers, body.Count == 0 ? null : string.Join('\n', body).Trim(), expected);
    }

    private static KeyValuePair<string, string> Header(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return new(line[..colon].Trim(), line[(colon + 1)..].Trim());
    }
}
