namespace Backend.ParseCompat.Tests.Config;

[TestFixture]
internal sealed class ConfigTests
{
    private ParseApp _app = null!;

    [SetUp]
    public async Task Start() => _app = await ParseApp.StartAsync(("ParseCompat:ReadOnlyMasterKey", "ro"));

    [TearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task Settings_are_merged_key_by_key_and_hidden_ones_are_the_master_keys()
    {
        Assert.That(await GetAsync(), Is.EqualTo("""200 {"params":{}}"""));
        Assert.That(await PutAsync("""{"params":{"welcome":"Hi","secret":"s","since":{"__type":"Date","iso":"2016-03-01T00:00:00.000Z"}},"masterKeyOnly":{"secret":true}}"""),
            Is.EqualTo("""200 {"result":true}"""));
        Assert.That(await PutAsync("""{"params":{"max":5}}"""), Is.EqualTo("""200 {"result":true}"""));

        Assert.That(Sorted(await GetAsync()), Is.EqualTo(Sorted(
            """200 {"params":{"max":5,"since":{"__type":"Date","iso":"2016-03-01T00:00:00.000Z"},"welcome":"Hi"},"masterKeyOnly":{"max":false,"since":false,"welcome":false}}""")));
        Assert.That(await GetAsync(ParseApp.Master), Does.Contain("\"secret\":\"s\"").And.Contain("\"secret\":true"));

        await PutAsync("""{"params":{"secret":"s2"}}""");
        Assert.That(await GetAsync(), Does.Contain("\"secret\":\"s2\"").And.Contain("\"secret\":false"), "a key without a flag is everybody's");
    }

    [Test]
    public async Task A_key_goes_with_its_flag_when_both_are_deleted()
    {
        await PutAsync("""{"params":{"a":1,"b":2},"masterKeyOnly":{"a":true,"b":true}}""");
        await PutAsync("""{"params":{"a":{"__op":"Delete"}},"masterKeyOnly":{"a":{"__op":"Delete"}}}""");
        Assert.That(await GetAsync(ParseApp.Master), Is.EqualTo("""200 {"params":{"b":2},"masterKeyOnly":{"b":true}}"""));

        Assert.That(await PutAsync("""{"params":{"b":2},"masterKeyOnly":{"b":{"__op":7}}}"""), Is.EqualTo("""200 {"result":true}"""));
        Assert.That(await GetAsync(), Is.EqualTo("""200 {"params":{"b":2},"masterKeyOnly":{"b":false}}"""));
    }

    [Test]
    public async Task The_class_that_keeps_them_is_not_among_those_of_the_app()
    {
        await PutAsync("""{"params":{"a":1}}""");

        Assert.That(await _app.SendAsync("GET", "/parse/schemas", null, ParseApp.Master), Does.StartWith("200 ").And.Contain("\"_User\"").And.Not.Contain("_GlobalConfig"));
        Assert.That(await _app.SendAsync("POST", "/parse/schemas/_GlobalConfig", "{}", ParseApp.Master), Does.StartWith("""400 {"code":103,"error":"Invalid classname: _GlobalConfig,"""));
    }

    [Test]
    public async Task Operations_work_on_keys()
    {
        await PutAsync("""{"params":{"n":20,"list":["a"],"gone":1}}""");
        await PutAsync("""{"params":{"n":{"__op":"Increment","amount":49},"list":{"__op":"AddUnique","objects":["a","b"]},"gone":{"__op":"Delete"}}}""");

        Assert.That(Sorted(await GetAsync()), Is.EqualTo(Sorted("""200 {"params":{"list":["a","b"],"n":69},"masterKeyOnly":{"gone":false,"list":false,"n":false}}""")));
    }

    [Test]
    public async Task Two_who_change_different_keys_do_not_undo_each_others_work()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PutAsync($$"""{"params":{"k{{i}}":{{i}}} }""")));
        var settings = await _app.JsonAsync("GET", "/parse/config");
        Assert.That(settings.GetProperty("params").EnumerateObject().Count(), Is.EqualTo(20));
    }

    [Test]
    public async Task Only_the_master_key_changes_them()
    {
        const string Body = """{"params":{"a":1}}""";
        Assert.That(await _app.SendAsync("PUT", "/parse/config", Body), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/config", Body, "X-Parse-Master-Key: ro"),
            Is.EqualTo("""400 {"code":119,"error":"read-only masterKey isn't allowed to update the config."}"""));
        Assert.That(await PutAsync("{}"), Does.StartWith("""400 {"code":107"""));
        Assert.That(await PutAsync("""{"params":{"a":{"b":{"$x":1}}}}"""), Does.StartWith("""400 {"code":121"""));
    }

    private static string Sorted(string answer) => string.Concat(answer.Replace(" ", "", StringComparison.Ordinal).Order());

    private Task<string> GetAsync(params string[] headers) => _app.SendAsync("GET", "/parse/config", null, headers);

    private Task<string> PutAsync(string body) => _app.SendAsync("PUT", "/parse/config", body, ParseApp.Master);
}
