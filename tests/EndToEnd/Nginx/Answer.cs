using System.Net;
using System.Text.Json;
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
