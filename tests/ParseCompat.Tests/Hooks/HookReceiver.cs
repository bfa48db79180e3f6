using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Tests.Hooks;

/// <summary>What an app team's web hooks are to the server: an HTTP server that remembers the calls and answers what a test says.</summary>
internal sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<JsonNode, HttpContext, Task>> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string Path, JsonNode Body, IHeaderDictionary Headers)> _calls = new();

    private HookReceiver(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>The calls so far, in order.</summary>
    public IReadOnlyCollection<(string Path, JsonNode Body, IHeaderDictionary Headers)> Calls => _calls;

    public static async Task<HookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new HookReceiver(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Answers calls of a path with a JSON text (or whatever text it is); gives the path's address.</summary>
    public string Answer(string path, string answer, int status = 200) => Answer(path, (_, http) =>
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsync(answer);
    });

    /// <summary>Answers calls of a path with what a function makes of their bodies; gives the path's address.</summary>
    public string Answer(string path, Func<JsonNode, string> answer) => Answer(path, (body, http) => http.Response.WriteAsync(answer(body)));

    public string Answer(string path, Func<JsonNode, HttpContext, Task> answer)
    {
        _answers[path] = answer;
        return Address + path;
    }

    /// <summary>The bodies of the calls of a path, and forgets all calls.</summary>
    public List<JsonNode> Take(string path)
    {
        var bodies = _calls.Where(c => c.Path == path).Select(c => c.Body).ToList();
        _calls.Clear();
        return bodies;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!;
        var path = http.Request.Path.Value!;
        _calls.Enqueue((path, body, new HeaderDictionary(http.Request.Headers.ToDictionary())));
        await _answers[path](body, http);
    }
}
