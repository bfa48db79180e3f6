using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Api.Tests;

/// <summary>The API in this process on a database of its own. A fixture shares one; each of its tests makes tables of its own.</summary>
internal sealed class ApiHost : WebApplicationFactory<Program>
{
    private readonly TestDatabase _database;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private int _tables;

    private ApiHost(TestDatabase database, IReadOnlyDictionary<string, string> settings) => (_database, _settings) = (database, settings);

    public TestDatabase Database => _database;

    public LiveCatalog Catalog => Services.GetRequiredService<LiveCatalog>();

    public RowStore Rows => Services.GetRequiredService<RowStore>();

    public static async Task<ApiHost> StartAsync(params (string Name, string Value)[] settings)
    {
        var host = new ApiHost(await TestDatabase.CreateAsync(), settings.ToDictionary(s => s.Name, s => s.Value));
        await host.Services.GetRequiredService<Listener>().Ready;
        return host;
    }

    /// <summary>The same on a socket, so that callers have an address: keys that hold on this machine alone do hold.</summary>
    public static async Task<ApiHost> StartOnSocketAsync(params (string Name, string Value)[] settings)
    {
        var host = new ApiHost(await TestDatabase.CreateAsync(), settings.ToDictionary(s => s.Name, s => s.Value));
        host.UseKestrel(0);
        host.StartServer();
        await host.Services.GetRequiredService<Listener>().Ready;
        return host;
    }

    /// <summary>Makes a table under a name of its own.</summary>
    public async Task<Table> TableAsync(IReadOnlyList<FieldSpec> fields, TablePermissions? permissions = null)
    {
        var name = $"Thing{Interlocked.Increment(ref _tables)}";
        var snapshot = await Catalog.CreateTableAsync(name, fields, permissions);
        return snapshot.Find(name)!;
    }

    /// <summary>Inserts a row past all rules.</summary>
    public async Task<string> InsertAsync(Table table, string json)
    {
        using var answer = await SendAsync("POST", $"rows/{table.Name}", json, ("Prefer", "return=representation"), ("Accept", "application/vnd.pgrst.object+json"));
        Assert.That((int)answer.Status, Is.EqualTo(201), answer.Text);
        return answer.Json.GetProperty("id").GetString()!;
    }

    /// <summary>Sends a request to <c>/api/v2/</c>.</summary>
    public async Task<Answer> SendAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var client = CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false, BaseAddress = ClientOptions.BaseAddress });
        using var request = new HttpRequestMessage(new HttpMethod(method), path.StartsWith('/') ? path : $"/api/v2/{path}");
        if (json is not null)
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type")
                request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync("GET", path, null, headers);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _database.DisposeAsync();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("ConnectionStrings:Database", _database.ConnectionString);
        builder.UseSetting("Logging:LogLevel:Default", Environment.GetEnvironmentVariable("TEST_LOG") ?? "Warning");
        builder.UseSetting("Jobs:Enabled", "false");
        builder.UseSetting("Database:StatementTimeout", "00:02:00"); // a statement that takes long is a busy machine's
        builder.UseSetting("ParseCompat:ApplicationId", "app"); // ParseCompat
        foreach (var (name, value) in _settings)
            builder.UseSetting(name, value);
    }
}

/// <summary>An answer, read whole.</summary>
internal sealed class Answer : IDisposable
{
    private JsonDocument? _json;

    private Answer(int status, string text, IReadOnlyDictionary<string, string> headers) => (Status, Text, Headers) = (status, text, headers);

    public int Status { get; }

    public string Text { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    public JsonElement Json => (_json ??= JsonDocument.Parse(Text)).RootElement;

    /// <summary>The code of a problem.</summary>
    public string? Code => Json.GetProperty("code").GetString();

    public string? this[string header] => Headers.GetValueOrDefault(header);

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers).Concat(response.TrailingHeaders)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), headers);
    }

    public void Dispose() => _json?.Dispose();
}
