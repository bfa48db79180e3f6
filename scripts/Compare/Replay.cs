using System.Net.Http.Headers;

namespace Backend.Compare;

/// <summary>Sends the recorded requests to both servers and gathers in what their answers differ.</summary>
internal sealed class Replay(CompareOptions options)
{
    private static readonly HashSet<string> NotSent = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Keep-Alive", "TE", "Trailer", "Accept-Encoding",
    };

    /// <summary>Runs.</summary>
    /// <param name="log">The lines.</param>
    /// <param name="stop">Cancels.</param>
    public async Task<ReplayReport> RunAsync(TextReader log, CancellationToken stop)
    {
        // What one answers is the server's own word: no redirect is followed.
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = options.Concurrency };
        using var client = new HttpClient(handler) { Timeout = options.Timeout };
        var report = new ReplayReport();
        var comparer = new AnswerComparer(options);
        using var room = new SemaphoreSlim(options.Concurrency);
        var running = new List<Task>();
        for (long number = 1; await log.ReadLineAsync(stop) is { } line && report.Requests < options.Limit; number++)
        {
            if (line.Length == 0)
            {
                continue;
            }
            RecordedRequest request;
            try
            {
                request = RecordedRequest.Parse(line);
            }
            catch (FormatException e)
            {
                report.Unreadable(number, e.Message);
                continue;
            }
            var isRead = request.IsRead();
            if (!isRead && !options.Writes)
            {
                report.Skipped++;
                continue;
            }
            report.Requests++;
            await room.WaitAsync(stop);
            running.RemoveAll(r => r.IsCompletedSuccessfully);
            var place = number;
            running.Add(Task.Run(
                async () =>
                {
                    try
                    {
                        await OneAsync(client, place, request, !isRead, comparer, report, stop);
                    }
                    finally
                    {
                        room.Release();
                    }
                },
                stop));
        }
        await Task.WhenAll(running);
        return report;
    }

    private async Task OneAsync(HttpClient client, long number, RecordedRequest request, bool isWrite, AnswerComparer comparer, ReplayReport report, CancellationToken stop)
    {
        var answers = await Task.WhenAll(SendAsync(client, options.Old, request, stop), SendAsync(client, options.New, request, stop));
        report.Add(number, request.Route(options.Mount), request.Path, comparer.Compare(answers[0], answers[1], isWrite));
    }

    private async Task<Answer> SendAsync(HttpClient client, Uri server, RecordedRequest request, CancellationToken stop)
    {
        var path = options.Mount.Length > 0 && request.Path.StartsWith(options.Mount, StringComparison.Ordinal) ? request.Path[options.Mount.Length..] : request.Path;
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(server.ToString().TrimEnd('/') + path));
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body);
        }
        foreach (var (name, value) in request.Headers.Where(h => !NotSent.Contains(h.Key)))
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                if (message.Content is not null && MediaTypeHeaderValue.TryParse(value, out var type))
                {
                    message.Content.Headers.ContentType = type;
                }
            }
            else
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }
        try
        {
            using var response = await client.SendAsync(message, stop);
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var name in options.Headers)
            {
                if (response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values))
                {
                    headers[name] = string.Join(", ", values);
                }
            }
            return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync(stop));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested)
        {
            return new Answer(0, new Dictionary<string, string>(), System.Text.Encoding.UTF8.GetBytes(e.Message));
        }
    }
}
