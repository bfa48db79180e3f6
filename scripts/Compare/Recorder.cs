using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Backend.Compare;

/// <summary>Takes the copies of requests that nginx's <c>mirror</c> sends, and writes each as a line of the log. Answers 204 to everything.</summary>
internal sealed class Recorder : IAsyncDisposable
{
    private const int LargestBody = 1024 * 1024;

    private static readonly string[] Kept = ["Authorization", "Content-Type", "Accept", "Prefer", "Range", "If-None-Match", "If-Modified-Since"];

    private readonly WebApplication _app;
    private readonly StreamWriter _log;
    private readonly SemaphoreSlim _writing = new(1);

    private Recorder(string address, string file)
    {
        // Tokens of users stand in it.
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        _log = new StreamWriter(file, options) { AutoFlush = true };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address);
        _app = builder.Build();
        _app.Run(RecordAsync);
    }

    /// <summary>The address it listens at.</summary>
    public string Url => _app.Urls.First();

    /// <summary>Begins to listen.</summary>
    /// <param name="address">http://127.0.0.1:PORT.</param>
    /// <param name="file">The log, which is appended to.</param>
    public static async Task<Recorder> StartAsync(string address, string file)
    {
        var recorder = new Recorder(address, file);
        await recorder._app.StartAsync();
        return recorder;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _log.DisposeAsync();
        _writing.Dispose();
    }

    private async Task RecordAsync(HttpContext context)
    {
        var request = context.Request;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        using var body = new MemoryStream();
        if (request.ContentLength is not > LargestBody)
        {
            await request.Body.CopyToAsync(body, context.RequestAborted);
        }
        if (request.ContentLength > LargestBody || body.Length > LargestBody)
        {
            // An upload: nothing that is compared.
            return;
        }
        var headers = request.Headers.Where(h => h.Key.StartsWith("X-Parse-", StringComparison.OrdinalIgnoreCase) || Kept.Contains(h.Key, StringComparer.OrdinalIgnoreCase))
            .Select(h => KeyValuePair.Create(h.Key, h.Value.ToString())).ToList();
        // As it came: a path that was decoded and coded again is another.
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var line = new RecordedRequest(request.Method, path, headers, body.Length == 0 ? null : body.ToArray()).ToLine();
        await _writing.WaitAsync(context.RequestAborted);
        try
        {
            await _log.WriteLineAsync(line);
        }
        finally
        {
            _writing.Release();
        }
    }
}
