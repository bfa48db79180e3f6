using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Backend.Testing;

namespace Backend.Data.Tests.Caching;

/// <summary>A memcached of a test's own, which the test may kill and start again on the same port.</summary>
internal sealed class MemcachedProcess : IDisposable
{
    private Process? _process;

    private MemcachedProcess(int port) => Port = port;

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public static async Task<MemcachedProcess> StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var memcached = new MemcachedProcess(FreePort.Next());
            if (await memcached.TryStartAsync())
                return memcached;
            memcached.Kill();
            Assert.That(attempt, Is.LessThan(3), "memcached does not start");
        }
    }

    /// <summary>Starts it again on the same port, which it was given for good.</summary>
    public async Task StartAgainAsync() => Assert.That(await TryStartAsync(), Is.True, "memcached does not start again");

    /// <summary>When the only item ends, in seconds of its clock; null: there is none.</summary>
    public async Task<long?> EndOfOnlyItemAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        using var reader = new StreamReader(client.GetStream());
        var ask = "lru_crawler metadump all\r\n"u8.ToArray();
        await client.GetStream().WriteAsync(ask);
        long? end = null;
        while (await reader.ReadLineAsync() is { } line && line != "END")
        {
            if (line.StartsWith("BUSY", StringComparison.Ordinal))
            {
                // Its own look through the items is under way.
                await Task.Delay(100);
                await client.GetStream().WriteAsync(ask);
                continue;
            }

            Assert.That(end, Is.Null, "more than one item");
            Assert.That(line, Does.Match(" exp=[0-9]+ "));
            end = long.Parse(line.Split(" exp=")[1].Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return end;
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();

    private async Task<bool> TryStartAsync()
    {
        List<string> arguments = ["-l", "127.0.0.1", "-p", Port.ToString(), "-U", "0", "-m", "16", "-t", "1"];
        if (Environment.UserName == "root")
            arguments.AddRange(["-u", "nobody"]);
        try
        {
            _process = Process.Start(new ProcessStartInfo("memcached", arguments) { RedirectStandardError = true, RedirectStandardOutput = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Prerequisite.Missing("memcached is not installed.");
        }

        await Patience.UntilAsync(async () => _process!.HasExited || await AnswersAsync(), "memcached does not listen", pause: 25);
        return !_process!.HasExited;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            // Not yet.
            return false;
        }
    }
}
