using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Backend.Testing;

namespace Backend.Api.Tests.Admin;

/// <summary>Who gets at the page, and how it is armoured. What it shows is looked at in a browser, in tests/EndToEnd.</summary>
[Parallelizable(ParallelScope.Fixtures)]
internal sealed class JobsEndpointTests
{
    private const string Key = "0123456789abcdef0123456789ABCDEF";

    private TestDatabase _database = null!;
    private ApiProcess _api = null!;
    private HttpClient _client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _api = await ApiProcess.StartAsync(_database.ConnectionString, new Dictionary<string, string> { ["Admin:Key"] = Key });
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(_api.Url) };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _api.DisposeAsync();
        await _database.DisposeAsync();
    }

    [TestCase(null)]
    [TestCase("Basic")]
    [TestCase("Basic %%%")]
    [TestCase("Basic bm8gY29sb24=")]
    [TestCase("Bearer " + Key)]
    [TestCase("Basic admin:wrong")]
    public async Task Nobody_gets_in_without_the_key(string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/jobs");
        if (authorization == "Basic admin:wrong")
            request.Headers.Authorization = Basic("wrong");
        else if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);

        using var answer = await _client.SendAsync(request);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(answer.Headers.WwwAuthenticate.ToString(), Is.EqualTo("Basic realm=\"Administration\", charset=\"UTF-8\""));
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Not.Contain("<"));
    }

    [Test]
    public async Task The_page_allows_nothing_but_itself()
    {
        using var answer = await GetAsync();

        Assert.Multiple(() =>
        {
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(answer.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/html; charset=utf-8"));
            Assert.That(answer.Headers.GetValues("Content-Security-Policy").Single(), Does.Match("^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$"));
            Assert.That(answer.Headers.CacheControl!.NoStore, Is.True);
            Assert.That(answer.Headers.GetValues("X-Content-Type-Options").Single(), Is.EqualTo("nosniff"));
        });
    }

    [Test]
    public async Task What_is_left_to_do_in_tables_is_shown()
    {
        using var before = await GetAsync();
        Assert.That(await before.Content.ReadAsStringAsync(), Does.Contain("Everything is in place."));

        await _database.ExecuteAsync("""
            with t as (insert into catalog.tables (name, origin, relation) values ('Score', 'Score', 'score') returning number),
            f as (insert into catalog.fields (table_number, name, kind, has_rest) select number, 'late', 'Text', true from t)
            insert into catalog.indexes (table_number, name, relation, definition, declared_at) select number, 'best', 'score_best', '{"points":-1}', now() - interval '1 hour' from t
            """);
        await _database.ExecuteAsync("update catalog.state set version = version + 1");
        await _database.ExecuteAsync("select pg_notify('backend_catalog', '')");
        string page;
        do
        {
            using var after = await GetAsync();
            page = await after.Content.ReadAsStringAsync();
        }
        while (!page.Contains("field late", StringComparison.Ordinal));

        Assert.That(page, Does.Contain("has no column yet").And.Contain("index best").And.Contain("not there; the next run builds it"));
    }

    [Test]
    public async Task A_key_that_comes_through_an_unknown_place_is_refused()
    {
        // The process believes the proxy on this machine, which says that the client is elsewhere.
        using var answer = await GetAsync(("X-Forwarded-For", "192.0.2.1"));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [TestCase(null)]
    [TestCase("null")]
    [TestCase("https://evil.example")]
    [TestCase("http://127.0.0.1:1")]
    public async Task A_form_of_another_site_changes_nothing(string? origin)
    {
        var id = await DeadLetterAsync();

        using var answer = await PostAsync(id, origin);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await StateAsync(id), Is.EqualTo("dead"));
    }

    [Test]
    public async Task A_dead_letter_is_queued_again_once()
    {
        var id = await DeadLetterAsync();

        using var first = await PostAsync(id, _api.Url);
        using var second = await PostAsync(id, _api.Url);

        Assert.That((first.StatusCode, first.Headers.Location!.ToString()), Is.EqualTo((HttpStatusCode.SeeOther, $"/jobs?requeued={id}")));
        Assert.That(second.Headers.Location!.ToString(), Is.EqualTo($"/jobs?refused={id}"));
        Assert.That(await StateAsync(id), Is.EqualTo("queued"));
    }

    [TestCase("/jobs/x/requeue", 404)]
    [TestCase("/jobs/9223372036854775808/requeue", 404)]
    [TestCase("/jobs?requeued=x", 405)]
    public async Task Addresses_that_make_no_sense_are_refused(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Headers = { Authorization = Basic(Key) } };
        request.Headers.Add("Origin", _api.Url);

        using var answer = await _client.SendAsync(request);

        Assert.That((int)answer.StatusCode, Is.EqualTo(status));
    }

    private static AuthenticationHeaderValue Basic(string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("admin:" + password)));

    private async Task<HttpResponseMessage> GetAsync(params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/jobs") { Headers = { Authorization = Basic(Key) } };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await _client.SendAsync(request);
    }

    private async Task<HttpResponseMessage> PostAsync(long id, string? origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/jobs/{id}/requeue") { Headers = { Authorization = Basic(Key) } };
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        return await _client.SendAsync(request);
    }

    private Task<long> DeadLetterAsync() => _database.ScalarAsync<long>(
        "insert into jobs.outbox (job, arguments, state, relay_at, finished_at, error) values ('test', '{}', 'dead', null, now(), 'no') returning id");

    private Task<string?> StateAsync(long id) => _database.ScalarAsync<string>("select state from jobs.outbox where id = $1", id);
}
