using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backend.EndToEnd.Nginx;

/// <summary>
/// Stands for an API process where a test must decide what happens on the wire: it reads each request completely and does as told.
/// </summary>
internal sealed class FakeApi : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string?> _answer;
    private readonly (int At, Task Until)? _pause;
    private readonly List<string> _requests = [];

    /// <param name="answer">From the request's head to the whole answer; null closes the connection without one.</param>
    /// <param name="pause">After how many bytes of an answer it waits, and for what.</param>
    public FakeApi(Func<string, string?> answer, (int At, Task Until)? pause = null)
    {
        _answer = answer;
        _pause = pause;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The heads of all requests so far.</summary>
    public IReadOnlyList<string> Requests
    {
        get { lock (_requests) return [.. _requests]; }
    }

    public static FakeApi ThatDies() => new(_ => null);

    public static FakeApi ThatHangs() => new(_ => "");

    public static FakeApi ThatSays(string body, string headers = "Content-Type: application/json\r\n") =>
        new(_ => $"HTTP/1.1 200 OK\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>Makes a rendered nginx configuration wait 200 ms for an answer, not a minute.</summary>
    public static void ShortenPatience(string folder) => Edit(folder, "proxy.conf", "proxy_read_timeout 60s", "proxy_read_timeout 200ms");

    /// <summary>Makes a rendered nginx configuration let two requests through that try a password or send a mail, and then one a minute.</summary>
    public static void AllowTwoPasswords(string folder)
    {
        Edit(folder, "http.conf", "rate=30r/s", "rate=1r/m");
        Edit(folder, "server.conf", "burst=200", "burst=1");
    }

    private static void Edit(string folder, string name, string before, string after)
    {
        var file = Path.Combine(folder, name);
        var text = File.ReadAllText(file);
        Assert.That(text, Does.Contain(before), name);
        File.WriteAllText(file, text.Replace(before, after));
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener was disposed: the end of the test.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        var stream = client.GetStream();
        try
        {
            while (await ReadHeadAsync(stream) is { } head)
            {
                var line = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
                var body = new byte[line is null ? 0 : int.Parse(line.Split(':')[1])];
                await stream.ReadExactlyAsync(body);
                lock (_requests)
                    _requests.Add(head);
                if (_answer(head) is not { } answer)
                    return;
                await WriteAsync(stream, Encoding.UTF8.GetBytes(answer));
            }
        }
        catch (IOException)
        {
            // nginx went away.
        }
    }

    private async Task WriteAsync(NetworkStream stream, ReadOnlyMemory<byte> answer)
    {
        if (_pause is var (at, until))
        {
            await stream.WriteAsync(answer[..at]);
            await until;
            answer = answer[at..];
        }
        await stream.WriteAsync(answer);
    }

    private static async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n')
                return head.ToString();
        }
        return null;
    }
}
