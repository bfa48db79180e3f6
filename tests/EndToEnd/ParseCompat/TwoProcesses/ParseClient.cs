using System.Text;
using System.Text.Json.Nodes;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>An old install that talks to one API process.</summary>
internal sealed class ParseClient(ApiProcess api) : IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = new Uri(api.Url + "/parse/") };

    /// <summary>What the processes of these tests are started with.</summary>
    public static Dictionary<string, string> Settings => new()
    {
        ["ParseCompat:ApplicationId"] = "app",
        ["ParseCompat:MasterKey"] = "the-master-key-of-this-test",
        ["ParseCompat:AllowClientClassCreation"] = "true",
    };

    public static string Where(string json) => "where=" + Uri.EscapeDataString(json);

    public async Task<(int Status, JsonObject Body)> SendAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("X-Parse-Application-Id", "app");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await _client.SendAsync(request);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject());
    }

    /// <summary>The rows of a class that a filter finds.</summary>
    public async Task<JsonArray> FindAsync(string className, string where)
    {
        var (status, body) = await SendAsync("GET", $"classes/{className}?{Where(where)}");
        Assert.That(status, Is.EqualTo(200), body.ToJsonString());
        return body["results"]!.AsArray();
    }

    public void Dispose() => _client.Dispose();
}
