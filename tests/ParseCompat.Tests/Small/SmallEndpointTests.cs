using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Tests.Small;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SmallEndpointTests
{
    private ParseApp _app = null!;
    private WebApplication _store = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _store = await StartStoreAsync();
        var store = _store.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _app = await ParseApp.StartAsync(("ParseCompat:ReadOnlyMasterKey", "ro"), ("ParseCompat:Purchases:Url", store + "/live"),
            ("ParseCompat:Purchases:SandboxUrl", store + "/test"));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _app.DisposeAsync();
        await _store.DisposeAsync();
    }

    [TestCase("AppOpened", """{"at":{"__type":"Date","iso":"2016-01-01T00:00:00.000Z"},"push_hash":"x"}""")]
    [TestCase("_CrashReport", """{"dimensions":{"a":"b"}}""")]
    [TestCase("anything", "")]
    public async Task Events_are_taken(string name, string body) => Assert.That(await _app.SendAsync("POST", "/parse/events/" + name, body), Is.EqualTo("200 {}"));

    [TestCase("GET", "/parse/scriptlog", "403 {\"error\":\"unauthorized: master key is required\"}", null)]
    [TestCase("GET", "/parse/scriptlog", "400 {\"code\":115,\"error\":\"Logger adapter is not available\"}", "mk")]
    [TestCase("POST", "/parse/push", "403 {\"error\":\"unauthorized: master key is required\"}", null)]
    [TestCase("POST", "/parse/push", "400 {\"code\":119,\"error\":\"read-only masterKey isn't allowed to send push notifications.\"}", "ro")]
    [TestCase("POST", "/parse/push", "400 {\"code\":115,\"error\":\"Sending a push requires either \\\"channels\\\" or a \\\"where\\\" query.\"}", "mk", "{}")]
    [TestCase("POST", "/parse/push", "400 {\"code\":115,\"error\":\"Channels and query can not be set at the same time.\"}", "mk", """{"where":{},"channels":[]}""")]
    [TestCase("POST", "/parse/push", "400 {\"code\":115,\"error\":\"Missing push configuration\"}", "mk", """{"channels":["a"]}""")]
    public async Task What_this_server_does_not_do_it_refuses_as_the_old_one_without_an_adapter(string method, string path, string answer, string? key, string? body = null) =>
        Assert.That(await _app.SendAsync(method, path, body, key is null ? [] : ["X-Parse-Master-Key: " + key]), Is.EqualTo(answer));

    [Test]
    public async Task Audiences_are_the_master_keys_and_show_their_query_as_an_object()
    {
        Assert.That(await _app.SendAsync("GET", "/parse/push_audiences"), Is.EqualTo("403 {\"error\":\"unauthorized: master key is required\"}"));
        var id = (await _app.JsonAsync("POST", "/parse/push_audiences",
            """{"name":"iOS","query":"{\"deviceType\":\"ios\"}","lastUsed":{"__type":"Date","iso":"2016-01-01T00:00:00.000Z"}}""", ParseApp.Master)).GetProperty("objectId").GetString();

        var one = await _app.JsonAsync("GET", "/parse/push_audiences/" + id, null, ParseApp.Master);
        Assert.That(one.GetProperty("query").GetProperty("deviceType").GetString(), Is.EqualTo("ios"));
        Assert.That(one.GetProperty("lastUsed").GetString(), Is.EqualTo("2016-01-01T00:00:00.000Z"));
        var all = await _app.JsonAsync("GET", "/parse/push_audiences", null, ParseApp.Master);
        Assert.That(all.GetProperty("results")[0].GetProperty("query").GetProperty("deviceType").GetString(), Is.EqualTo("ios"));
        var row = await _app.JsonAsync("GET", "/parse/classes/_Audience/" + id, null, ParseApp.Master);
        Assert.That(row.GetProperty("query").GetString(), Is.EqualTo("""{"deviceType":"ios"}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/push_audiences/" + id, """{"name":"x"}""", "X-Parse-Master-Key: ro"),
            Is.EqualTo("400 {\"code\":119,\"error\":\"read-only masterKey isn't allowed to perform the update operation.\"}"));
        Assert.That(await _app.SendAsync("DELETE", "/parse/push_audiences/" + id, null, ParseApp.Master), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task Plans_for_jobs_are_listed_as_a_bare_array()
    {
        Assert.That(await _app.SendAsync("GET", "/parse/cloud_code/jobs"), Is.EqualTo("403 {\"error\":\"unauthorized: master key is required\"}"));
        var id = (await _app.JsonAsync("POST", "/parse/classes/_JobSchedule", """{"jobName":"weekly"}""", ParseApp.Master)).GetProperty("objectId").GetString();

        var plans = await _app.JsonAsync("GET", "/parse/cloud_code/jobs", null, ParseApp.Master);
        Assert.That(plans[0].GetProperty("jobName").GetString(), Is.EqualTo("weekly"));
        Assert.That(await _app.SendAsync("GET", "/parse/cloud_code/jobs/data", null, ParseApp.Master), Is.EqualTo("""200 {"in_use":["weekly"],"jobs":[]}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/cloud_code/jobs", """{"job_schedule":{"jobName":"other"}}""", ParseApp.Master),
            Is.EqualTo("""500 {"code":1,"error":"Cannot Schedule a job that is not deployed"}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/cloud_code/jobs/" + id, """{"job_schedule":{"description":"d"}}""", ParseApp.Master), Does.StartWith("""200 {"updatedAt":"""));
        Assert.That((await _app.JsonAsync("GET", "/parse/cloud_code/jobs", null, ParseApp.Master))[0].GetProperty("startAfter").GetString(), Does.EndWith("Z"));
        Assert.That(await _app.SendAsync("DELETE", "/parse/cloud_code/jobs/" + id, null, ParseApp.Master), Is.EqualTo("200 {}"));
        Assert.That(await _app.SendAsync("POST", "/parse/cloud_code/jobs", "{}", ParseApp.Master), Does.StartWith("""400 {"code":107"""));
    }

    [Test]
    public async Task A_genuine_receipt_gives_out_what_was_bought()
    {
        const string File = """{"__type":"File","name":"a.txt","url":"x"}""";
        await _app.JsonAsync("POST", "/parse/classes/_Product",
            $$"""{"productIdentifier":"gold","title":"Gold","subtitle":"s","order":1,"icon":{{File}},"download":{{File}}}""", ParseApp.Master);

        Assert.That(await BuyAsync("genuine", "gold"), Is.EqualTo("""200 {"__type":"File","name":"a.txt","url":"http://host/parse/files/app/a.txt"}"""));
        Assert.That(await BuyAsync("test", "gold"), Does.StartWith("200 {\"__type\":\"File\""), "one of the sandbox is checked there");
        Assert.That(await BuyAsync("genuine", "silver"), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await BuyAsync("bad", "gold"), Is.EqualTo("""200 {"status":21002,"error":"The data in the receipt-data property was malformed or missing."}"""));
        Assert.That(await BuyAsync("odd", "gold"), Is.EqualTo("""200 {"status":7,"error":"unknown error."}"""));
        Assert.That(await BuyAsync("html", "gold"), Is.EqualTo("""200 {"status":21005,"error":"The receipt server is not currently available."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/validate_purchase", """{"receipt":"x"}"""), Is.EqualTo("""400 {"code":107,"error":"missing receipt or productIdentifier"}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/validate_purchase", """{"productIdentifier":"x"}"""), Is.EqualTo("""400 {"code":107,"error":"missing receipt or productIdentifier"}"""));
    }

    [Test]
    public async Task A_product_keeps_the_name_of_its_download_and_what_it_must_have()
    {
        const string File = """{"__type":"File","name":"b.txt"}""";
        var id = (await _app.JsonAsync("POST", "/parse/classes/_Product",
            $$"""{"productIdentifier":"p","title":"t","subtitle":"s","order":1,"icon":{{File}},"download":{{File}}}""", ParseApp.Master)).GetProperty("objectId").GetString();
        var product = await _app.JsonAsync("GET", "/parse/classes/_Product/" + id);

        Assert.That(product.GetProperty("downloadName").GetString(), Is.EqualTo("b.txt"));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/_Product", "{}"), Is.EqualTo("""400 {"code":111,"error":"productIdentifier is required."}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/classes/_Product/" + id, """{"title":{"__op":"Delete"}}"""), Is.EqualTo("""400 {"code":111,"error":"title is required."}"""));
    }

    [Test]
    public async Task The_server_says_what_it_can_do()
    {
        var info = await _app.JsonAsync("GET", "/parse/serverInfo", null, ParseApp.Master);
        Assert.That(info.GetProperty("features").GetProperty("globalConfig").GetProperty("update").GetBoolean());
        Assert.That(info.GetProperty("parseServerVersion").GetString(), Does.StartWith("7.4.0"));
    }

    private Task<string> BuyAsync(string receipt, string product) => _app.SendAsync("POST", "/parse/validate_purchase",
        $$"""{"receipt":{"__type":"Bytes","base64":"{{receipt}}"},"productIdentifier":"{{product}}"}""");

    /// <summary>Answers as Apple's service does, by what the receipt says.</summary>
    private static async Task<WebApplication> StartStoreAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/{place}", async (string place, HttpRequest request) =>
        {
            var receipt = (await request.ReadFromJsonAsync<Dictionary<string, string>>())!["receipt-data"];
            return receipt switch
            {
                "genuine" => Results.Json(new { status = 0 }),
                "test" => Results.Json(new { status = place == "live" ? 21007 : 0 }),
                "bad" => Results.Json(new { status = "21002" }),
                "html" => Results.Content("<html>", "text/html"),
                _ => Results.Json(new { status = 7 }),
            };
        });
        await app.StartAsync();
        return app;
    }
}
