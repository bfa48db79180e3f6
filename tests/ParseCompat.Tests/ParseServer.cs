using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Jobs;
using Backend.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Tests;

/// <summary>The dialect on a real socket over a database of its own. One per test, or several on one database.</summary>
internal sealed class ParseServer : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly WebApplication _app;
    private readonly TestDatabase? _owned;
    private readonly HttpClient _client;

    private readonly TestLog _log;

    private ParseServer(WebApplication app, TestDatabase? owned, TestLog log)
    {
        _log = log;
        _app = app;
        _owned = owned;
        Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _client = new HttpClient { BaseAddress = new Uri(Address) };
    }

    /// <summary>What the server logged as errors, with their stacks.</summary>
    public IEnumerable<string> Errors => _log.Errors;

    /// <summary>Base address without a path.</summary>
    public string Address { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts a server: application id <c>app</c>, master key <c>mk</c>, REST key <c>rest</c>, client class creation on.</summary>
    public static async Task<ParseServer> StartAsync(Dictionary<string, string?>? settings = null, TestDatabase? database = null, Action<IServiceCollection>? services = null)
    {
        var owned = database is null ? await TestDatabase.CreateAsync() : null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var log = new TestLog();
        builder.Logging.AddProvider(log);
        var configuration = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Database"] = (database ?? owned)!.ConnectionString,
            ["Jobs:Enabled"] = "false",
            // A statement or a hook that takes long is a busy machine's.
            ["Database:StatementTimeout"] = "00:02:00",
            ["ParseCompat:WebhookTimeout"] = "00:02:00",
            ["ParseCompat:ApplicationId"] = "app",
            ["ParseCompat:MasterKey"] = "mk",
            ["ParseCompat:RestApiKey"] = "rest",
            ["ParseCompat:PublicServerUrl"] = "http://parse.example/parse",
            ["ParseCompat:AllowClientClassCreation"] = "true",
        };
        foreach (var (key, value) in settings ?? [])
            configuration[key] = value;
        builder.Configuration.AddInMemoryCollection(configuration);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddData(builder.Configuration);
        builder.Services.AddJobs(builder.Configuration);
        builder.Services.AddParseCompat(builder.Configuration);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapParseCompat();
        await app.StartAsync();
        return new ParseServer(app, owned, log);
    }

    /// <summary>Sends a request with the REST key (or the master key, or a session) and gives status and body, times and ids masked.</summary>
    public async Task<string> SendAsync(string method, string path, string? body = null, bool master = false, string? session = null)
    {
        var (status, json) = await CallAsync(method, path, body, master, session);
        return $"{status} {Mask(json)}";
    }

    /// <summary>Sends a request and gives status and parsed body.</summary>
    public async Task<(int Status, JsonNode? Body)> CallAsync(string method, string path, string? body = null, bool master = false, string? session = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/parse" + path);
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add(master ? "X-Parse-Master-Key" : "X-Parse-REST-API-Key", master ? "mk" : "rest");
        if (session is not null)
            request.Headers.Add("X-Parse-Session-Token", session);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.StartsWith('<') ? JsonValue.Create(text) : JsonNode.Parse(text));
    }

    /// <summary>Creates a row with the master key and returns its id.</summary>
    public async Task<string> CreateAsync(string className, string body)
    {
        var (status, json) = await CallAsync("POST", "/classes/" + className, body, master: true);
        Assert.That(status, Is.EqualTo(201), json?.ToJsonString());
        return (string)json!["objectId"]!;
    }

    /// <summary>The sorted values of a field of the rows that a where finds.</summary>
    public async Task<string> FindAsync(string className, string where, string field = "n", bool master = true, string? session = null)
    {
        var (status, json) = await CallAsync("GET", $"/classes/{className}?limit=1000&where={Uri.EscapeDataString(where)}", null, master, session);
        if (status != 200)
            return $"{status} {Mask(json)}";
        return string.Join(",", json!["results"]!.AsArray().Select(r => r![field]?.ToString() ?? "-").Order(StringComparer.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        if (_owned is not null)
            await _owned.DisposeAsync();
    }

    private static string Mask(JsonNode? json)
    {
        Walk(json);
        return json?.ToJsonString(Relaxed) ?? "null";

        static void Walk(JsonNode? node)
        {
            if (node is JsonArray array)
            {
                foreach (var item in array)
                    Walk(item);
            }

            if (node is not JsonObject obj)
                return;
            foreach (var (key, value) in obj.ToList())
            {
                if (key is "createdAt" or "updatedAt" && value is JsonValue time && DateTime.TryParseExact((string?)time, "yyyy-MM-ddTHH:mm:ss.fffZ", null, default, out _))
                    obj[key] = "T";
                else if (key == "objectId" && ((string?)value)?.Length == 10)
                    obj[key] = "ID";
                else
                    Walk(value);
            }
        }
    }

    /// <summary>Keeps the errors of the server, for the message of a failed test.</summary>
    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Errors { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue(formatter(state, exception) + " " + exception);
        }

        public void Dispose()
        {
        }
    }
}
