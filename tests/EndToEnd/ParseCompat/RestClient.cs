using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Backend.EndToEnd.ParseCompat;

/// <summary>Plain requests of the old dialect to one process, or to nginx.</summary>
public sealed class RestClient(string url) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(string method, string path, object? body = null, string? token = null, string? masterKey = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{url}/parse/{path}");
        request.Headers.Add("X-Parse-Application-Id", OldClientTests.ApplicationId);
        if (token is not null)
            request.Headers.Add("X-Parse-Session-Token", token);
        if (masterKey is not null)
            request.Headers.Add("X-Parse-Master-Key", masterKey);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : null);
    }

    /// <summary>Sends what must succeed.</summary>
    public async Task<JsonNode> DoAsync(string method, string path, object? body = null, string? token = null, string? masterKey = null)
    {
        var (status, answer) = await SendAsync(method, path, body, token, masterKey);
        Assert.That(status, Is.AnyOf(HttpStatusCode.OK, HttpStatusCode.Created), $"{method} {path}: {answer?.ToJsonString()}");
        return answer!;
    }

    public void Dispose() => _http.Dispose();
}
