using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backend.Data.Tests;

/// <summary>A process of the service, as far as Data goes: its own pool, listener and caches on a test's database.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly IHost _host;

    private Node(IHost host) => _host = host;

    public LiveCatalog Catalog => Get<LiveCatalog>();

    public static async Task<Node> StartAsync(TestDatabase database, Action<IServiceCollection>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Database"] = database.ConnectionString, ["Database:StatementTimeout"] = "00:02:00" });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddData(builder.Configuration);
        configure?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        await host.Services.GetRequiredService<Broadcast.Listener>().Ready;
        return new Node(host);
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}
