using Backend.Data.Catalog;
using Backend.Jobs.Mail;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Backend.Conformance;

/// <summary>The API under test, in this process: its services can be asked to forget, and it starts again with other options within moments.</summary>
internal sealed class Target(int port, SuiteDatabase database) : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private Api? _api;
    private Options _running = new();

    /// <summary>
    /// Runs the API with the suite's defaults and what is asked; returns what is wrong with the options (a text, or an object with a message), or null.
    /// </summary>
    public async Task<object?> StartAsync(Options asked)
    {
        await _one.WaitAsync();
        try
        {
            if (_api is not null && _running.Equals(asked))
                return null;
            if (Configuration.For(asked, database.ConnectionString, out var refusal) is not { } settings)
                return refusal;
            await StopAsync();
            _api = new Api(settings, asked);
            try
            {
                _api.UseKestrel(o => o.ListenLocalhost(port));
                _api.StartServer();
                _running = asked;
                return null;
            }
            catch (Exception e) when (e is OptionsValidationException or InvalidOperationException { InnerException: FormatException or ArgumentException })
            {
                // Wrong settings, or one that is not of its type, end the start with a sentence that names it.
                _api = null;
                return OptionMap.Refusal(asked, e.Message);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Empties the database and every cache.</summary>
    public async Task ResetAsync()
    {
        await _one.WaitAsync();
        try
        {
            var version = await database.ResetAsync();
            if (_api is null)
                return;
            var catalog = _api.Services.GetRequiredService<LiveCatalog>();
            while (catalog.Current.Version < version)
                await Task.Delay(1);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    // Program.cs stops and disposes its host itself when it is asked to; the factory doing the same beside it would take services away from
    // the half that is still stopping.
    private async Task StopAsync()
    {
        if (_api is not { } api)
            return;
        _api = null;
        var lifetime = api.Services.GetRequiredService<IHostApplicationLifetime>();
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStopped.Register(stopped.SetResult);
        lifetime.StopApplication();
        await stopped.Task;
    }

    private sealed class Api(Dictionary<string, string?> settings, Options asked) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.UseContentRoot(AppContext.BaseDirectory);
            foreach (var (key, value) in settings)
                builder.UseSetting(key, value);
            builder.ConfigureServices(services =>
            {
                services.AddSingleton<IHostLifetime, NoSignals>();
                services.AddSingleton<IMailTransport>(new MockMail(asked));
                foreach (var provider in MockProviders.For(asked))
                    services.AddSingleton(provider);
            });
        }
    }

    // A signal is for the host around it, which then ends the API.
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
