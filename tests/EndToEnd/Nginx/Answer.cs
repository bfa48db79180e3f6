using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

/// <summary>What came back for one request.</summary>
internal sealed record Answer(HttpStatusCode Status, string? Type, string Body)
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 16 });

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public static Task<Answer> GetAsync(NginxServer nginx, string path) => SendAsync(nginx, HttpMethod.Get, path, null);

    public static Task<Answer> PostAsync(NginxServer nginx, string path, byte[] content) => SendAsync(nginx, HttpMethod.Post, path, content);

    /// <summary>Many posts at once.</summary>
    public static Task<Answer[]> FloodAsync(NginxServer nginx, string path) =>
        Task.WhenAll(Enumerable.Range(0, 400).Select(_ => PostAsync(nginx, path, "{}"u8.ToArray())));

    /// <summary>Many posts at once, until one is refused; and how many may have been taken: 200 at once and 30 a second from there on, however slow the machine is.</summary>
    public static async Task<(List<Answer> Answers, int Most)> FloodUntilRefusedAsync(NginxServer nginx, string path)
    {
        var answers = new List<Answer>();
        var clock = Stopwatch.StartNew();
        do
            answers.AddRange(await FloodAsync(nginx, path));
        while (answers.All(answer => answer.Status == HttpStatusCode.OK) && clock.Elapsed < Patience.Limit);
        return (answers, 202 + (int)(30 * clock.Elapsed.TotalSeconds));
    }

    /// <summary>Sends bytes that no client of its own accord would send, and reads the answer.</summary>
    public static async Task<Answer> RawAsync(NginxServer nginx, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(nginx.Url).Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var answer = await reader.ReadToEndAsync();
        var type = Regex.Match(answer, "^Content-Type: ([^;\r]+)", RegexOptions.Multiline | RegexOptions.IgnoreCase);
        return new Answer((HttpStatusCode)int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture), type.Groups[1].Value, answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    private static async Task<Answer> SendAsync(NginxServer nginx, HttpMethod method, string path, byte[]? content)
    {
        using var request = new HttpRequestMessage(method, nginx.Url + path);
        // Asked first, as a careful client does with a large body; without it the client may see a broken connection, not the answer.
        request.Headers.ExpectContinue = content is { Length: > 1 << 20 };
        request.Content = content is null ? null : new ByteArrayContent(content);
        using var response = await Client.SendAsync(request);
        return new Answer(response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }
}
