using System.Net;
using Backend.EndToEnd.Nginx;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.Nginx;

/// <summary>The master key counts from this machine alone, and behind nginx every client would look like this machine.</summary>
public sealed class MasterKeyTests
{
    private const string Key = "the-master-key-of-this-test";

    [Test]
    public async Task Through_nginx_it_counts_from_this_machine_and_from_no_other_whatever_that_one_claims()
    {
        await using var database = await TestDatabase.CreateAsync();
        var settings = new Dictionary<string, string> { ["ParseCompat:ApplicationId"] = "app", ["ParseCompat:MasterKey"] = Key };
        await using var api = await ApiProcess.StartAsync(database.ConnectionString, settings);
        await using var nginx = await NginxServer.StartAsync([api.Port]);

        Assert.That(await AskAsync(nginx.Url, "127.0.0.1"), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await AskAsync(nginx.Url, "127.0.0.2"), Is.EqualTo(HttpStatusCode.Forbidden));
        string[] headers = ["X-Forwarded-For", "X-Real-IP", "X-Original-For", "X-Forwarded-Host"];
        string[] claims = ["127.0.0.1", "::1", "127.0.0.1, 127.0.0.1", "127.0.0.2, 127.0.0.1", "[::1]:80", "localhost"];
        foreach (var header in headers)
        {
            foreach (var claim in claims)
                Assert.That(await AskAsync(nginx.Url, "127.0.0.2", (header, claim)), Is.EqualTo(HttpStatusCode.Forbidden), $"{header}: {claim}");
        }
        Assert.That(await AskAsync(nginx.Url, "127.0.0.2", ("Forwarded", "for=127.0.0.1")), Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task Past_nginx_a_claim_of_somebody_who_is_no_proxy_is_not_believed()
    {
        await using var database = await TestDatabase.CreateAsync();
        var settings = new Dictionary<string, string> { ["ParseCompat:ApplicationId"] = "app", ["ParseCompat:MasterKey"] = Key };
        await using var api = await ApiProcess.StartAsync(database.ConnectionString, settings);
        Assert.That(await AskAsync(api.Url, "127.0.0.2", ("X-Forwarded-For", "127.0.0.1")), Is.EqualTo(HttpStatusCode.Forbidden));
    }

    private static async Task<HttpStatusCode> AskAsync(string url, string from, (string Name, string Value)? header = null)
    {
        using var client = BoundClient.From(from);
        using var request = new HttpRequestMessage(HttpMethod.Get, url + "/parse/schemas");
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-Master-Key", Key);
        if (header is { } one)
            request.Headers.TryAddWithoutValidation(one.Name, one.Value);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
