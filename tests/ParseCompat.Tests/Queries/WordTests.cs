namespace Backend.ParseCompat.Tests.Queries;

/// <summary>Full text search (contract 9.5, <c>$text</c>).</summary>
[TestFixture]
public sealed class WordTests
{
    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        foreach (var (name, text) in new[] { ("1", "coffee"), ("2", "Coffee Shopping"), ("3", "Baking a cake"), ("4", "baking"), ("5", "Café Con Leche"), ("6", "Сырники"), ("7", "coffee and cream, much of it"), ("8", "Cafe con Leche") })
            await _server.CreateAsync("Dish", $$"""{"n":"{{name}}","subject":"{{text}}","note":"kitchen {{name}}"}""");
        await _server.CreateAsync("Indexed", """{"n":"a","head":"red fox","body":"sleeps"}""");
        await _server.CreateAsync("Indexed", """{"n":"b","head":"hen","body":"a red egg"}""");
        await _server.CallAsync("PUT", "/schemas/Indexed", """{"indexes":{"words":{"head":"text","body":"text"}}}""", master: true);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("""{"$term":"coffee"}""", "1,2,7")]
    [TestCase("""{"$term":"COFFEES"}""", "1,2,7")]
    [TestCase("""{"$term":"coffee cake"}""", "1,2,3,7")]
    [TestCase("""{"$term":"coffee -shopping"}""", "1,7")]
    [TestCase("""{"$term":"\"coffee shopping\" cake"}""", "2")]
    [TestCase("""{"$term":"leche","$language":"spanish"}""", "5,8")]
    [TestCase("""{"$term":"leche","$language":"es"}""", "5,8")]
    [TestCase("""{"$term":"сырники","$language":"ru"}""", "6")]
    [TestCase("""{"$term":"CAFÉ"}""", "5,8")]
    [TestCase("""{"$term":"CAFÉ","$diacriticSensitive":true}""", "5")]
    [TestCase("""{"$term":"Coffee","$caseSensitive":true}""", "2")]
    [TestCase("""{"$term":"Café","$caseSensitive":true}""", "5,8")]
    [TestCase("""{"$term":"the"}""", "")]
    [TestCase("""{"$term":"-coffee"}""", "")]
    [TestCase("""{"$term":"'& | ! :* <->"}""", "")]
    public async Task A_search_finds_the_texts_that_hold_its_words(string search, string expected) =>
        Assert.That(await _server.FindAsync("Dish", $$$"""{"subject":{"$text":{"$search":{{{search}}} } } }"""), Is.EqualTo(expected));

    [Test]
    public async Task All_fields_of_the_text_index_are_searched_whichever_is_named() =>
        Assert.That(await _server.FindAsync("Indexed", """{"head":{"$text":{"$search":{"$term":"red"}}}}"""), Is.EqualTo("a,b"));

    [TestCase("$score")]
    [TestCase("-$score")]
    public async Task The_best_match_comes_first_and_shows_its_score(string order)
    {
        var where = Uri.EscapeDataString("""{"subject":{"$text":{"$search":{"$term":"coffee cream"}}}}""");
        var (_, body) = await _server.CallAsync("GET", $"/classes/Dish?keys=$score,n&order={order}&where={where}");

        var rows = body!["results"]!.AsArray();
        Assert.That(string.Join(',', rows.Select(r => (string?)r!["n"])), Is.EqualTo("7,1,2"));
        Assert.That(rows.Select(r => (double)r!["score"]!), Is.Ordered.Descending.And.All.GreaterThan(0));
        Assert.That(rows[0]!["subject"], Is.Null);
    }

    [TestCase("""{"$search":true}""", "bad $text: $search, should be object")]
    [TestCase("""{}""", "bad $text: $search, should be object")]
    [TestCase("""{"$search":{"$term":1}}""", "bad $text: $term, should be string")]
    [TestCase("""{"$search":{"$term":"a","$language":true}}""", "bad $text: $language, should be string")]
    [TestCase("""{"$search":{"$term":"a","$language":"klingon"}}""", "bad $text: $language, unsupported language klingon")]
    [TestCase("""{"$search":{"$term":"a","$caseSensitive":"x"}}""", "bad $text: $caseSensitive, should be boolean")]
    [TestCase("""{"$search":{"$term":"a","$diacriticSensitive":"x"}}""", "bad $text: $diacriticSensitive, should be boolean")]
    public async Task A_search_that_cannot_be_is_refused_in_the_old_words(string text, string error) =>
        Assert.That(await _server.FindAsync("Dish", $$$"""{"subject":{"$text":{{{text}}} } }"""), Is.EqualTo($$"""400 {"code":107,"error":"{{error}}"}"""));
}
