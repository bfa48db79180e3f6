namespace Backend.ParseCompat.Tests.Limits;

/// <summary>How many fields a class may have, and what becomes of very many.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FieldLimitTests
{
    [Test]
    public async Task A_client_brings_a_class_to_so_many_fields_and_no_further()
    {
        await using var app = await ParseApp.StartAsync(("ParseCompat:MaxClientFields", "5"));
        await using var other = await app.StartAnotherAsync(("ParseCompat:MaxClientFields", "5"));
        const string Full = """{"code":119,"error":"Class Grown has too many fields: no more can be added by saving objects."}""";

        Assert.That(await app.SendAsync("POST", "/parse/classes/TooBig", """{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"""),
            Is.EqualTo("""400 {"code":119,"error":"Class TooBig has too many fields: no more can be added by saving objects."}"""));
        Assert.That(await app.SendAsync("GET", "/parse/schemas/TooBig", null, ParseApp.Master), Does.Contain("\"code\":103"), "nothing was made");

        var id = (await app.JsonAsync("POST", "/parse/classes/Grown", """{"a":1,"b":1,"nothing":null}""")).GetProperty("objectId").GetString()!;
        var grown = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? app : other).SendAsync("POST", "/parse/classes/Grown", $$"""{"own{{i}}":1}""")));
        Assert.That(grown.Count(a => a.StartsWith("201 ", StringComparison.Ordinal)), Is.EqualTo(2), string.Join("\n", grown));
        Assert.That(grown.Where(a => !a.StartsWith("201 ", StringComparison.Ordinal)), Has.All.EqualTo("400 " + Full));

        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"one":1}"""), Is.EqualTo("400 " + Full));
        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"one":null}"""), Is.EqualTo("400 " + Full), "a name costs as well");
        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Grown","objectId":"x"}]}}"""), Is.EqualTo("400 " + Full));
        Assert.That(await app.SendAsync("POST", "/parse/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Grown","body":{"one":1}},{"method":"POST","path":"/parse/classes/Grown","body":{"a":2}}]}"""),
            Does.StartWith("200 [{\"error\":" + Full + "},{\"success\":"));
        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"a":3,"nothing":"now typed","missing":{"__op":"Delete"}}"""), Does.StartWith("200 "), "what is there is written as ever");
        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"one":1,"two":2}""", ParseApp.Master), Does.StartWith("200 "), "the master key has no such limit");
        Assert.That(await other.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"one":2,"two":3}"""), Does.StartWith("200 "));
        Assert.That(await other.SendAsync("PUT", $"/parse/classes/Grown/{id}", """{"three":3}"""), Is.EqualTo("400 " + Full));
    }

    [Test]
    public async Task Objects_of_hundreds_of_fields_are_saved_found_and_included()
    {
        await using var app = await ParseApp.StartAsync();
        // Each too short for PostgreSQL to store it outside of its row.
        var wide = "{" + string.Join(",", Enumerable.Range(0, 900).Select(i => $"\"f{i}\":\"{i:D23}\"")) + "}";
        var id = (await app.JsonAsync("POST", "/parse/classes/Wide", wide)).GetProperty("objectId").GetString()!;
        var read = await app.JsonAsync("GET", $"/parse/classes/Wide/{id}");
        Assert.That(Enumerable.Range(0, 900).Select(i => read.GetProperty($"f{i}").GetString()), Is.EqualTo(Enumerable.Range(0, 900).Select(i => i.ToString("D23", System.Globalization.CultureInfo.InvariantCulture))));
        foreach (var field in new[] { 3, 899 })
        {
            await app.JsonAsync("PUT", $"/parse/classes/Wide/{id}", $$"""{"f{{field}}":"changed"}""");
            var found = await app.JsonAsync("GET", "/parse/classes/Wide?keys=f1&where=" + Uri.EscapeDataString($$"""{"f{{field}}":"changed"}"""));
            Assert.That(found.GetProperty("results").GetArrayLength(), Is.EqualTo(1));
        }

        var pointer = $$"""{"__type":"Pointer","className":"Wide","objectId":"{{id}}"}""";
        await app.JsonAsync("POST", "/parse/classes/Pointing", "{" + string.Join(",", Enumerable.Range(0, 6).Select(i => $"\"p{i}\":{pointer}")) + "}");
        var included = (await app.JsonAsync("GET", "/parse/classes/Pointing?include=p0,p1,p2,p3,p4,p5")).GetProperty("results")[0];
        Assert.That(Enumerable.Range(0, 6).Select(i => included.GetProperty($"p{i}").GetProperty("f899").GetString()), Has.All.EqualTo("changed"));
    }
}
