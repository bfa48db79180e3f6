using System.Text;
using System.Text.Json;
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

/// <summary>The old dialect on a real socket over a database of its own.</summary>
internal sealed class ParseApp : IAsyncDisposable
{
    public const string Master = "X-Parse-Master-Key: mk";

    private readonly WebApplication _app;
    private readonly TestDatabase _database;
    private readonly HttpClient _client;
    private readonly bool _ownsDatabase;

    private ParseApp(WebApplication app, TestDatabase database, bool ownsDatabase)
    {
        (_app, _database, _ownsDatabase) = (app, database, ownsDatabase);
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        };
    }

    public TestDatabase Database => _database;

    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens, without a path.</summary>
    public string Address => _client.BaseAddress!.GetLeftPart(UriPartial.Authority);

    public static Task<ParseApp> StartAsync(params (string Name, string? Value)[] settings) => StartAsync(null, settings);

    /// <summary>A second process on the same database, as far as the program can tell.</summary>
    public Task<ParseApp> StartAnotherAsync(params (string Name, string? Value)[] settings) => StartAsync(_database, settings);

    public static async Task<ParseApp> StartAsync(TestDatabase? shared, params (string Name, string? Value)[] settings)
    {
        var database = shared ?? await TestDatabase.CreateAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Database"] = database.ConnectionString + ";Maximum Pool Size=10",
            ["Jobs:Enabled"] = "false",
            // A statement that takes long is a busy machine's.
            ["Database:StatementTimeout"] = "00:02:00",
            ["ParseCompat:ApplicationId"] = "app",
            ["ParseCompat:MasterKey"] = "mk",
            ["ParseCompat:RestApiKey"] = "rest",
            ["ParseCompat:PublicServerUrl"] = "http://host/parse",
            ["ParseCompat:AllowClientClassCreation"] = "true",
        });
        foreach (var (name, value) in settings)
            builder.Configuration[name] = value;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddData(builder.Configuration);
        builder.Services.AddJobs(builder.Configuration);
        builder.Services.AddParseCompat(builder.Configuration);
        var app = builder.Build();
        app.MapParseCompat();
        await app.StartAsync();
        return new ParseApp(app, database, shared is null);
    }

    /// <summary>Sends a request and returns status, a blank and the body.</summary>
    public async Task<string> SendAsync(string method, string path, string? body = null, params string[] headers)
    {
        using var response = await RequestAsync(method, path, body, headers);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>Sends a request that must succeed and returns its JSON.</summary>
    public async Task<JsonElement> JsonAsync(string method, string path, string? body = null, params string[] headers)
    {
        var answer = await SendAsync(method, path, body, headers);
        Assert.That(answer, Does.StartWith("20"), $"{method} {path} {body}");
        return JsonSerializer.Deserialize<JsonElement>(answer.AsSpan(4));
    }

    public async Task<HttpResponseMessage> RequestAsync(string method, string path, string? body = null, params string[] headers)
    {
        using var request = Request(method, path, headers);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _client.SendAsync(request);
    }

    /// <summary>A request with the application's keys.</summary>
    public HttpRequestMessage Request(string method, string path, params string[] headers)
    {
        // As it stands: the client's own clean-up of a path would hide what a hostile one looks like.
        var uri = new Uri(_client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(method), uri);
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-REST-API-Key", "rest");
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (!request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..].Trim()))
                throw new ArgumentException(header);
        }

        return request;
    }

    /// <summary>Sends a request as it is.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _client.SendAsync(request);

    /// <summary>Posts a text without any header of the dialect, as the SDK for browsers does.</summary>
    public async Task<HttpResponseMessage> PostBareAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "text/plain");
        return await _client.PostAsync(path, content);
    }

    /// <summary>Posts a form, as a page does.</summary>
    public async Task<HttpResponseMessage> PostFormAsync(string path, Dictionary<string, string> fields)
    {
        using var content = new FormUrlEncodedContent(fields);
        return await _client.PostAsync(path, content);
    }

    /// <summary>Signs a user up and returns id and session token.</summary>
    public async Task<(string Id, string Token)> SignUpAsync(string username, string password = "secret")
    {
        var user = await JsonAsync("POST", "/parse/users", $$"""{"username":"{{username}}","password":"{{password}}"}""");
        return (user.GetProperty("objectId").GetString()!, user.GetProperty("sessionToken").GetString()!);
    }

    /// <summary>The header that shows a session token.</summary>
    public static string As(string token) => "X-Parse-Session-Token: " + token;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        if (_ownsDatabase)
            await _database.DisposeAsync();
    }
}
