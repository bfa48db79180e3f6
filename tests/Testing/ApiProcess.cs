using System.Diagnostics;
using System.Net;
using System.Text;

namespace Backend.Testing;

/// <summary>The API as a process of its own, which a test can stop, kill and start again.</summary>
public sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private ApiProcess(int port, IReadOnlyDictionary<string, string> settings)
    {
        Port = port;
        var start = new ProcessStartInfo("dotnet", ["exec", Program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(Program),
        };
        start.Environment["ASPNETCORE_URLS"] = Url;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        foreach (var (name, value) in Defaults.Concat(settings))
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
    }

    /// <summary>Settings that every process gets, as <c>Section:Name</c>.</summary>
    public static IDictionary<string, string> Defaults { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // nginx is on this machine.
        ["Network:KnownProxies:0"] = "127.0.0.1",
        ["Logging:LogLevel:Default"] = "Warning",
        // Two cores run many processes at a time: a test of what happens in the background turns it on.
        ["Jobs:Enabled"] = "false",
        // A statement that takes long is a busy machine's.
        ["Database:StatementTimeout"] = "00:02:00",
    };

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The address without a slash at its end.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>What it has written.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    // Built beside the tests, in the same configuration.
    private static string Program { get; } = Repository.File("src", "Api", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "Backend.Api.dll");

    /// <summary>Starts a process on a free port and returns when it is healthy.</summary>
    /// <param name="connectionString">A migrated database.</param>
    /// <param name="settings">Further settings, as <c>Section:Name</c>.</param>
    public static async Task<ApiProcess> StartAsync(string connectionString, IReadOnlyDictionary<string, string>? settings = null)
    {
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["ConnectionStrings:Database"] = connectionString };
        for (var attempt = 1; ; attempt++)
        {
            var api = new ApiProcess(FreePort.Next(), all);
            if (await api.TryStartAsync())
                return api;
            // Only then has it read all of what it says.
            if (api._process.HasExited)
                await api._process.WaitForExitAsync();
            await api.DisposeAsync();
            if (attempt == 3 || !api.Log.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
                throw new InvalidOperationException($"The API did not start:\n{api.Log}");
        }
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop and waits for that.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited)
            return;
        using var signal = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
        await signal.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience.Limit);
        await _process.WaitForExitAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private async Task<bool> TryStartAsync()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
        var clock = Stopwatch.StartNew();
        while (!_process.HasExited && clock.Elapsed < StartTimeout)
        {
            if (await IsHealthyAsync(client))
                return !_process.HasExited;
            await Task.Delay(50);
        }

        return false;
    }

    private async Task<bool> IsHealthyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync($"{Url}/health");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            // Not yet.
            return false;
        }
    }

    private void Append(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }
}
