using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Tests.Limits;

public sealed class ComplexityTests
{
    [Test]
    public async Task Clients_cannot_ask_for_too_much_at_once_and_the_master_key_can()
    {
        await using var app = await ParseApp.StartAsync(
            ("ParseCompat:RequestComplexity:IncludeDepth", "2"), ("ParseCompat:RequestComplexity:IncludeCount", "3"), ("ParseCompat:RequestComplexity:SubqueryDepth", "1"),
            ("ParseCompat:RequestComplexity:QueryDepth", "2"), ("ParseCompat:RequestComplexity:ConditionCount", "6"), ("ParseCompat:RequestComplexity:ListElements", "4"),
            ("ParseCompat:RequestComplexity:RegexLength", "5"), ("ParseCompat:RequestComplexity:BatchRequestLimit", "2"));
        await app.JsonAsync("POST", "/parse/classes/Thing", """{"s":"a","p":{"__type":"Pointer","className":"Thing","objectId":"x"}}""");
        foreach (var (query, refusal) in new[]
        {
            ("include=a.b.c", "Include depth of 3 exceeds maximum allowed depth of 2"),
            ("include=a,b,c,d", "Number of include fields (4) exceeds maximum allowed (3)"),
            ("""where={"p":{"$inQuery":{"className":"Thing","where":{"p":{"$notInQuery":{"className":"Thing","where":{}}}}}}}""", "Subquery nesting depth exceeds maximum allowed depth of 1"),
            ("""where={"s":{"$select":{"key":"s","query":{"className":"Thing","where":{"p":{"$inQuery":{"className":"Thing","where":{}}}}}}}}""",
                "Subquery nesting depth exceeds maximum allowed depth of 1"),
            ("""where={"$or":[{"$and":[{"$nor":[{"a":1}]}]}]}""", "Query condition nesting depth exceeds maximum allowed depth of 2"),
            ("""where={"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}""", "Number of query conditions (7) exceeds maximum allowed (6)"),
            ("""where={"a":{"$in":[1,2,3,4,5]}}""", "Number of list elements (5) exceeds maximum allowed (4)"),
            ("""where={"a":{"$regex":"abcdef"}}""", "$regex pattern exceeds maximum allowed length of 5"),
        })
        {
            var path = "/parse/classes/Thing?" + query;
            Assert.That(await app.SendAsync("GET", path), Is.EqualTo($$"""400 {"code":102,"error":"{{refusal}}"}"""), query);
            Assert.That(await app.SendAsync("GET", path, null, ParseApp.Master), Does.StartWith("200"), query);
        }

        Assert.That(await app.SendAsync("GET", """/parse/classes/Thing?include=a.b&where={"$or":[{"s":{"$in":["a","b"]}},{"s":{"$regex":"^a"}}]}"""), Does.StartWith("200"));
        const string item = """{"method":"GET","path":"/parse/classes/Thing"}""";
        Assert.That(await app.SendAsync("POST", "/parse/batch", $$"""{"requests":[{{item}},{{item}},{{item}}]}"""),
            Is.EqualTo("""400 {"code":107,"error":"Batch request contains 3 sub-requests, which exceeds the limit of 2."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/batch", $$"""{"requests":[{{item}},{{item}}]}"""), Does.StartWith("200"));
    }

    [Test]
    public async Task Regular_expressions_can_be_forbidden_to_clients()
    {
        await using var app = await ParseApp.StartAsync(("ParseCompat:RequestComplexity:AllowRegex", "false"), ("ParseCompat:RequestComplexity:QueryDepth", "-1"));
        Assert.That(await app.SendAsync("GET", """/parse/classes/Thing?where={"$or":[{"a":{"$not":{"$regex":"a"}}}]}"""), Is.EqualTo("""400 {"code":102,"error":"$regex operator is not allowed"}"""));
        Assert.That(await app.SendAsync("GET", """/parse/classes/Thing?where={"a":{"$regex":"a"}}""", null, ParseApp.Master), Does.StartWith("200"));
        Assert.That(async () => await ParseApp.StartAsync(("ParseCompat:RequestComplexity:QueryDepth", "0")),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("ParseCompat:RequestComplexity:QueryDepth must be 1 or more"));
    }

    [Test]
    public async Task Query_strings_with_brackets_are_objects_and_lists_of_texts()
    {
        await using var app = await ParseApp.StartAsync();
        foreach (var s in new[] { "ab", "ac", "b" })
            await app.JsonAsync("POST", "/parse/classes/Thing", $$"""{"s":"{{s}}"}""");
        foreach (var (query, count) in new[]
        {
            ("where[s][$regex]=%5Ea", 2), ("where[s]=b", 1), ("where[s][$in][]=ab&where[s][$in][]=b", 2), ("where[$or][0][s]=ab&where[$or][1][s]=ac", 2),
            ("where[s][$regex]=A'B'%3BSELECT+PG_SLEEP(3)%3B--", 0),
        })
        {
            var found = await app.JsonAsync("GET", "/parse/classes/Thing?" + query);
            Assert.That(found.GetProperty("results").GetArrayLength(), Is.EqualTo(count), query);
        }
    }
}
