namespace Backend.ParseCompat.Tests.Installations;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class InstallationTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task A_second_save_of_an_installation_is_an_update()
    {
        var made = await _app.JsonAsync("POST", "/parse/installations", """{"deviceType":"ios","installationId":"AAA","channels":["a"]}""");
        var id = made.GetProperty("objectId").GetString();

        using var again = await _app.RequestAsync("POST", "/parse/installations", """{"deviceType":"ios","installationId":"aaa","badge":3}""");

        Assert.That((int)again.StatusCode, Is.EqualTo(200));
        Assert.That(await again.Content.ReadAsStringAsync(), Does.Match("""^\{"updatedAt":"[^"]+"\}$"""));
        var stored = await _app.JsonAsync("GET", "/parse/installations/" + id);
        Assert.That((stored.GetProperty("installationId").GetString(), stored.GetProperty("badge").GetInt32()), Is.EqualTo(("aaa", 3)));
    }

    [Test]
    public async Task Clients_neither_list_nor_delete_installations()
    {
        Assert.That(await _app.SendAsync("GET", "/parse/installations"),
            Is.EqualTo("""400 {"code":119,"error":"Clients aren't allowed to perform the find operation on the installation collection."}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/classes/_Installation/x"),
            Is.EqualTo("""400 {"code":119,"error":"Clients aren't allowed to perform the delete operation on the installation collection."}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/installations", null, ParseApp.Master), Does.StartWith("200"));
    }

    [Test]
    public async Task What_is_gone_is_answered_so_that_the_client_makes_it_again()
    {
        Assert.That(await _app.SendAsync("PUT", "/parse/installations/xxxx", """{"badge":0}"""), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/installations/xxxx", """{"deviceType":"ios"}"""), Is.EqualTo("""404 {"code":101,"error":"Object not found for update."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/installations", """{"deviceType":"ios"}"""),
            Is.EqualTo("""400 {"code":135,"error":"at least one ID field (deviceToken, installationId) must be specified in this operation"}"""));
    }

    [Test]
    public async Task An_installation_that_gets_the_token_of_another_replaces_it()
    {
        var token = new string('C', 64);
        await _app.JsonAsync("POST", "/parse/installations", $$"""{"deviceType":"ios","installationId":"old","deviceToken":"{{token}}"}""");
        await _app.JsonAsync("POST", "/parse/installations", $$"""{"deviceType":"ios","installationId":"new","deviceToken":"{{token}}"}""");

        var found = await _app.JsonAsync("GET", $$"""/parse/installations?where={"deviceToken":"{{token.ToLowerInvariant()}}"}""", null, ParseApp.Master);

        Assert.That(found.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("installationId").GetString()), Is.EqualTo(["new"]));
    }
}
