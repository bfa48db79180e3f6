using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>An answer as it came over the socket.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>A header's value, or null.</summary>
    public string? Header(string name) => Headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}

/// <summary>HTTP/1.1 byte by byte, kept alive, with nothing added that an old client would not send.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly Uri _address;
    private Stream _stream = Stream.Null;

    private RawConnection(Uri address) => _address = address;

    public static async Task<RawConnection> OpenAsync(string address)
    {
        var connection = new RawConnection(new Uri(address));
        await connection._client.ConnectAsync(connection._address.Host, connection._address.Port);
        connection._stream = new BufferedStream(connection._client.GetStream());
        return connection;
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Sends a request and reads its answer. A body without Content-Length gets one.</summary>
    public async Task<RawAnswer> SendAsync(string method, string target, IEnumerable<KeyValuePair<string, string>> headers, byte[]? body)
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{method} {target} HTTP/1.1\r\nHost: {_address.Authority}\r\n");
        foreach (var (name, value) in headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        if (body is not null)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        head.Append("\r\n");
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(head.ToString()));
        if (body is not null)
            await _stream.WriteAsync(body);
        await _stream.FlushAsync();
        return await ReadAsync(method);
    }

    private async Task<RawAnswer> ReadAsync(string method)
    {
        var status = int.Parse((await LineAsync()).Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new List<KeyValuePair<string, string>>();
        while (await LineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        var answer = new RawAnswer(status, headers, []);
        if (method == "HEAD" || status is 204 or 304)
            return answer;
        if (answer.Header("Transfer-Encoding") == "chunked")
            return answer with { Body = await ChunksAsync() };
        return answer with { Body = await BytesAsync(int.Parse(answer.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture)) };
    }

    private async Task<byte[]> ChunksAsync()
    {
        using var body = new MemoryStream();
        while (int.Parse(await LineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var length)
        {
            body.Write(await BytesAsync(length));
            await LineAsync();
        }

        await LineAsync();
        return body.ToArray();
    }

    private async Task<byte[]> BytesAsync(int length)
    {
        var bytes = new byte[length];
        await _stream.ReadExactlyAsync(bytes);
        return bytes;
    }

    private async Task<string> LineAsync()
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (true)
        {
            await _stream.ReadExactlyAsync(one);
            if (one[0] == '\n')
                return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
            line.Add(one[0]);
        }
    }
}
