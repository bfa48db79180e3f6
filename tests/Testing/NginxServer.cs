using System.Diagnostics;
using System.Net.Sockets;

namespace Backend.Testing;

/// <summary>
/// An nginx with the real configuration (the folder nginx/) in front of given API processes. The program is <c>TEST_NGINX</c>, or
/// /usr/sbin/nginx.
/// </summary>
public sealed class NginxServer : IAsyncDisposable
{
    private readonly Process _process;

    private NginxServer(Process process, string folder, int port)
    {
        _process = process;
        Folder = folder;
        Port = port;
    }

    /// <summary>Where the rendered configuration lies; the logs are in its folder run.</summary>
    public string Folder { get; }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The address without a slash at its end.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Starts nginx and returns when it answers.</summary>
    /// <param name="upstreamPorts">The API processes' ports on 127.0.0.1.</param>
    /// <param name="edit">Changes the rendered files of the folder before the start, e.g. to shorten a time.</param>
    /// <param name="settings">Further settings of nginx/render by name.</param>
    public static async Task<NginxServer> StartAsync(
        IEnumerable<int> upstreamPorts, Action<string>? edit = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort.Next();
            var folder = await RenderAsync(upstreamPorts, $"127.0.0.1:{port}", settings);
            edit?.Invoke(folder);
            var process = Start(Program(), "-c", Path.Combine(folder, "nginx.conf"), "-g", "daemon off;");
            var server = new NginxServer(process, folder, port);
            if (await server.AnswersAsync())
                return server;
            if (!process.HasExited)
                await server.SignalAsync("TERM");
            var said = await process.StandardError.ReadToEndAsync();
            await server.DisposeAsync();
            if (attempt == 3)
                throw new InvalidOperationException($"nginx did not start: {said}");
        }
    }

    /// <summary>Checks the rendered configuration with <c>nginx -t</c> and returns its exit code and what it said.</summary>
    public static async Task<(int ExitCode, string Output)> CheckAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var folder = await RenderAsync([1, 2], $"127.0.0.1:{FreePort.Next()}", settings);
        try
        {
            using var process = Start(Program(), "-t", "-c", Path.Combine(folder, "nginx.conf"));
            var output = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A log file's text ("access.log", "error.log").</summary>
    public Task<string> ReadLogAsync(string name) => File.ReadAllTextAsync(Path.Combine(Folder, "run", name));

    /// <summary>Has nginx read its configuration again, and returns when the worker of before takes no more connections.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        var worker = (await File.ReadAllTextAsync($"/proc/{_process.Id}/task/{_process.Id}/children", cancellation)).Trim();
        await SignalAsync("HUP");
        var title = $"/proc/{worker}/cmdline";
        while (await TitleAsync(title, cancellation) is { } text && !text.Contains("shutting down", StringComparison.Ordinal))
            await Task.Delay(10, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // The master takes its workers with it on SIGTERM; SIGKILL would leave them.
            await SignalAsync("TERM");
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    /// <summary>What a process calls itself; null when it has ended.</summary>
    private static async Task<string?> TitleAsync(string file, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellation) is { Length: > 0 } text ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Program()
    {
        var path = Environment.GetEnvironmentVariable("TEST_NGINX") is { Length: > 0 } named ? named : "/usr/sbin/nginx";
        if (!File.Exists(path))
            Prerequisite.Missing($"nginx is missing ({path}): apt-get install nginx, or set TEST_NGINX");
        return path;
    }

    private static async Task<string> RenderAsync(
        IEnumerable<int> upstreamPorts, string listen, IReadOnlyDictionary<string, string>? settings)
    {
        // Not Directory.CreateTempSubdirectory: that is closed to others, and nginx's workers run as another user when we are root.
        var folder = Path.Combine(Path.GetTempPath(), $"backend-nginx-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo("bash", [Repository.File("nginx", "render"), folder]) { RedirectStandardError = true };
        start.Environment["NGINX_UPSTREAMS"] = string.Join(' ', upstreamPorts.Select(port => $"127.0.0.1:{port}"));
        start.Environment["NGINX_LISTEN"] = listen;
        start.Environment["NGINX_WORKERS"] = "1";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var render = Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
        var said = await render.StandardError.ReadToEndAsync();
        await render.WaitForExitAsync();
        return render.ExitCode == 0 ? folder : throw new InvalidOperationException($"nginx/render failed: {said}");
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })
        ?? throw new InvalidOperationException($"{program} did not start");

    private async Task<bool> AnswersAsync()
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience.Limit && !_process.HasExited)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", Port);
                return !_process.HasExited;
            }
            catch (SocketException)
            {
                await Task.Delay(25);
            }
        }
        return false;
    }
}
