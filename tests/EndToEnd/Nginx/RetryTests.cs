using System.Net;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

/// <summary>A process that dies after it has done a write must not have that write done again by another one.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RetryTests
{
    [Test]
    public async Task A_write_is_never_sent_to_a_second_process(
        [Values("POST", "PUT", "PATCH", "DELETE")] string method,
        [Values(
            "/parse/classes/Score/a", "/1/classes/Score/a", // ParseCompat
            "/api/v2/rows/Score/a")] string path)
    {
        using var first = FakeApi.ThatDies();
        using var second = FakeApi.ThatDies();
        await using var nginx = await NginxServer.StartAsync([first.Port, second.Port]);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), nginx.Url + path) { Content = new StringContent("""{"a":1}""") };
        using var response = await client.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadGateway));
        Assert.That(first.Requests.Count + second.Requests.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_read_is_answered_by_the_other_process([Values(
        "/parse/classes/Score", // ParseCompat
        "/api/v2/rows/Score")] string path)
    {
        using var dying = FakeApi.ThatDies();
        using var good = FakeApi.ThatSays("[]");
        await using var nginx = await NginxServer.StartAsync([dying.Port, good.Port]);
        using var client = new HttpClient();
        for (var i = 0; i < 4; i++)
            Assert.That(await client.GetStringAsync(nginx.Url + path), Is.EqualTo("[]"));
        Assert.That(dying.Requests, Is.Not.Empty);
    }

    [Test]
    public async Task A_process_that_is_not_there_costs_no_POST_and_at_most_one_PUT([Values("POST", "PATCH", "PUT")] string method)
    {
        using var good = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([FreePort.Next(), good.Port]);
        using var client = new HttpClient();
        var statuses = new List<int>();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 10; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), nginx.Url + "/api/v2/rows/Score") { Content = new StringContent("{}") };
            using var response = await client.SendAsync(request);
            statuses.Add((int)response.StatusCode);
        }

        Assert.That(statuses.Count(status => status == 502), Is.LessThanOrEqualTo(method == "PUT" ? 1 + (int)(clock.Elapsed.TotalSeconds / 10) : 0), "nginx tries it again after ten seconds, not before");
        Assert.That(good.Requests, Has.Count.EqualTo(statuses.Count(status => status == 200)));
    }
}
