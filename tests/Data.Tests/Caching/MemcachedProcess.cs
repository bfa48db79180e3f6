using System.Diagnostics;
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
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var memcached = new MemcachedProcess(port);
        await memcached.StartAgainAsync();
        return memcached;
    }

    public async Task StartAgainAsync()
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

        for (var i = 0; ; i++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (i < 200)
            {
                await Task.Delay(25);
            }
        }
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();
}
