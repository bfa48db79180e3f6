using Backend.Data;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backend.Jobs.Tests;

/// <summary>A process's worth of background work, in this process or (see Program.cs) in one of its own.</summary>
internal sealed class JobsNode : IAsyncDisposable
{
    private readonly IHost _host;

    private JobsNode(IHost host) => _host = host;

    public JobQueue Queue => Get<JobQueue>();

    public static async Task<JobsNode> StartAsync(
        string connectionString, Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        // A process that a busy machine lets stand still is not dead.
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Jobs:DeadAfter"] = "00:05:00" });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.Logging.AddFilter(null, LogLevel.Warning).AddProvider(new TestLog());
        builder.Services.AddSingleton(_ => Database.CreatePool(connectionString));
        builder.Services.AddSingleton(s => new Listener(connectionString, s.GetRequiredService<ILogger<Listener>>()));
        builder.Services.AddSingleton<LiveCatalog>();
        builder.Services.AddJobs(builder.Configuration);
        builder.Services.AddJob<Note, NoteArguments>("test.note", new JobPolicy { MaxAttempts = 3, FirstPause = TimeSpan.FromMilliseconds(100) });
        configure?.Invoke(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new JobsNode(host);
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            NUnit.Framework.TestContext.Progress.WriteLine($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

/// <summary>Database helpers of these tests.</summary>
internal static class JobsDatabase
{
    /// <summary>A database with the table that <see cref="Note"/> writes.</summary>
    public static async Task<TestDatabase> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("create table public.notes (job bigint, attempt int, event text, process int, at timestamptz default clock_timestamp())");
        return database;
    }

    public static Task<string?> StateAsync(this TestDatabase database, long id) =>
        database.ScalarAsync<string>("select state from jobs.outbox where id = $1", id);

    public static Task<long> CountNotesAsync(this TestDatabase database, string @event) =>
        database.ScalarAsync<long>("select count(*) from public.notes where event = $1", @event);

    /// <summary>Waits until a look at the database gives what is expected.</summary>
    public static async Task WaitForAsync<T>(Func<Task<T>> look, T expected, int seconds = 60)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var seen = await look();
            if (Equals(seen, expected))
                return;
            if (DateTime.UtcNow > deadline)
                NUnit.Framework.Assert.Fail($"After {seconds} s: {seen}, not {expected}.");
            await Task.Delay(50);
        }
    }
}
