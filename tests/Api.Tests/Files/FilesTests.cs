using Backend.Testing;

namespace Backend.Api.Tests.Files;

internal sealed class FilesTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";
    private static readonly (string, string) Administrator = ("Authorization", "Bearer " + Key);
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
    private TestDatabase _database = null!;
    private ApiProcess _process = null!;
    private HttpClient _client = null!;

    // A process, because the administrator's key counts from addresses only.
    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _process = await ApiProcess.StartAsync(_database.ConnectionString,
            new Dictionary<string, string> { ["Admin:Key"] = Key, ["Files:Directory"] = _folder, ["Files:MaxBytes"] = "1000" });
        _client = new HttpClient { BaseAddress = new Uri(_process.Url + "/api/v2/") };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _process.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_user_stores_a_file_and_whoever_knows_its_name_reads_it()
    {
        using var user = await SendAsync("POST", "auth/sign-up", """{"username":"ann","password":"a long password"}""");
        var bearer = ("Authorization", "Bearer " + user.Json.GetProperty("access_token").GetString());
        using var stored = await SendAsync("POST", "files/a%20b.txt", "0123456789", bearer, ("Content-Type", "text/plain"));
        Assert.That(stored.Status, Is.EqualTo(201), stored.Text);
        var (name, url) = (stored.Json.GetProperty("name").GetString()!, stored.Json.GetProperty("url").GetString()!);
        Assert.That(name, Does.Match("^[0-9a-f]{32}_a b\\.txt$"));
        Assert.That(url, Does.EndWith("/api/v2/files/" + Uri.EscapeDataString(name)));

        var path = "files/" + Uri.EscapeDataString(name);
        using var whole = await SendAsync("GET", path, null);
        Assert.That((whole.Status, whole.Text, whole["Content-Type"], whole["X-Content-Type-Options"]), Is.EqualTo((200, "0123456789", "text/plain", "nosniff")));
        using var part = await SendAsync("GET", path, null, ("Range", "bytes=2-4"));
        Assert.That((part.Status, part.Text, part["Content-Range"]), Is.EqualTo((206, "234", "bytes 2-4/10")));
        using var same = await SendAsync("GET", path, null, ("If-None-Match", whole["ETag"]!));
        Assert.That(same.Status, Is.EqualTo(304));

        using var refused = await SendAsync("DELETE", path, null, bearer);
        Assert.That(refused.Status, Is.EqualTo(403));
        using var deleted = await SendAsync("DELETE", path, null, Administrator);
        Assert.That(deleted.Status, Is.EqualTo(204));
        using var gone = await SendAsync("GET", path, null);
        Assert.That((gone.Status, gone.Code), Is.EqualTo((404, "row_not_found")));
    }

    [TestCase("files/a.txt", "x", 401, null)]
    [TestCase("files/.store", "x", 400, Key)]
    [TestCase("files/..%2Fa", "x", 400, Key)]
    public async Task What_may_not_be_stored_is_refused(string path, string body, int status, string? key)
    {
        using var answer = await SendAsync("POST", path, body, key is null ? [] : [Administrator]);
        Assert.That(answer.Status, Is.EqualTo(status), answer.Text);
    }

    [Test]
    public async Task A_file_that_is_too_large_is_413()
    {
        using var answer = await SendAsync("POST", "files/a.txt", new string('x', 1001), Administrator);
        Assert.That((answer.Status, answer.Code), Is.EqualTo((413, "too_large")));
    }

    [Test]
    public async Task Scripts_are_the_administrators_and_offered_for_download()
    {
        using var user = await SendAsync("POST", "auth/sign-up", """{"username":"ben","password":"a long password"}""");
        using var refused = await SendAsync("POST", "files/a.html", "x", ("Authorization", "Bearer " + user.Json.GetProperty("access_token").GetString()));
        Assert.That(refused.Status, Is.EqualTo(400));
        using var stored = await SendAsync("POST", "files/a.html", "x", Administrator);
        using var got = await SendAsync("GET", "files/" + stored.Json.GetProperty("name").GetString(), null);
        Assert.That(got["Content-Disposition"], Is.EqualTo("attachment"));
    }

    private async Task<Answer> SendAsync(string method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, headers.FirstOrDefault(h => h.Name == "Content-Type").Value ?? "application/json");
        foreach (var (name, value) in headers.Where(h => h.Name != "Content-Type"))
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _client.SendAsync(request);
        return await Answer.ReadAsync(response);
    }
}
