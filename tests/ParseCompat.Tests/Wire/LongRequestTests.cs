using System.Text;
using Backend.Data.Access;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>A request of two hundred thousand keys is read in a blink: whatever looks for a key among all that came before takes minutes.</summary>
[TestFixture]
public sealed class LongRequestTests
{
    private const int Many = 200_000;

    [Test]
    [MaxTime(15_000)]
    public void A_write_of_very_many_keys_is_read_quickly()
    {
        var draft = Draft(List(i => $"\"k{i}\":{i}") + "," + List(i => $"\"k{i}\":null"));

        Assert.That(draft.Fields, Has.Count.EqualTo(Many));
        Assert.That(draft.Fields.TrueForAll(f => f.Value.IsNull), Is.True, "the last value of a repeated key counts");
    }

    [Test]
    [MaxTime(15_000)]
    public void An_access_list_of_very_many_principals_is_read_quickly()
    {
        var acl = Draft($$"""
            "ACL":{{{List(i => $"\"u{i}\":{{\"read\":true}}")}}}
            """).Acl!;

        Assert.That(acl.Read, Has.Length.EqualTo(Many));
        Assert.That(acl.Write, Is.Empty);
    }

    [Test]
    [MaxTime(15_000)]
    public void Very_many_links_of_a_relation_are_read_quickly()
    {
        var field = Draft($$"""
            "friends":{"__op":"AddRelation","objects":[{{List(i => $"{{\"__type\":\"Pointer\",\"className\":\"P\",\"objectId\":\"p{i}\"}}")}}]}
            """).Fields.Single();

        Assert.That(field.Linked, Has.Length.EqualTo(Many));
        Assert.That(field.Linked[..3], Is.EqualTo(new[] { "p0", "p1", "p2" }));
    }

    [Test]
    [MaxTime(15_000)]
    public void A_read_of_very_many_parameters_is_refused_quickly()
    {
        var error = Assert.Throws<ParseError>(() => FindParameters("", List(i => $"\"k{i}\":{i}")))!;

        Assert.That(error.Message, Is.EqualTo("Invalid parameter for query: k0"));
    }

    [TestCase("include")]
    [TestCase("keys")]
    [TestCase("excludeKeys")]
    [MaxTime(15_000)]
    public void Very_many_paths_are_read_quickly_and_very_long_ones_refused(string parameter)
    {
        var options = FindParameters("", $"\"{parameter}\":\"{List(i => $"k{i}.x.y")}\"");
        var error = Assert.Throws<ParseError>(() => FindParameters("", $"\"{parameter}\":\"{List(_ => "x", ".")}\""))!;

        Assert.That(options.Include.Children, Has.Count.EqualTo(Many));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.InvalidQuery));
    }

    [Test]
    public void A_key_of_very_many_steps_is_refused()
    {
        Assert.That(() => Draft($"\"{List(_ => "x", ".")}\":1"), Throws.TypeOf<ParseError>().With.Property("Code").EqualTo(ErrorCode.InvalidKeyName));
    }

    [Test]
    public void Of_a_query_string_a_thousand_parameters_count()
    {
        Assert.That(Parameter.ReadQuery("?" + List(i => $"a{i}=1", "&")), Has.Count.EqualTo(1000));
    }

    [TestCase("""{"a":{"read":true},"b":{"read":true,"write":true}}""", "a,b", "b")]
    [TestCase("""{"a":{"read":true,"write":true},"a":{"write":true}}""", "", "a")]
    [TestCase("""{"a":{"read":true,"read":false}}""", "", "")]
    [TestCase("""{"a":true,"b":{"read":1,"write":0,"other":true}}""", "b", "")]
    public void An_access_list_gives_what_its_last_words_say(string json, string read, string write)
    {
        var acl = Draft($"\"ACL\":{json}").Acl!;

        Assert.That((string.Join(',', acl.Read), string.Join(',', acl.Write)), Is.EqualTo((read, write)));
    }

    [Test]
    public void The_last_word_on_a_link_counts()
    {
        static string Pointer(string id) => $$"""{"__type":"Pointer","className":"P","objectId":"{{id}}"}""";
        var field = Draft($$"""
            "friends":{"__op":"Batch","ops":[
                {"__op":"AddRelation","objects":[{{Pointer("a")}},{{Pointer("b")}},{{Pointer("c")}}]},
                {"__op":"RemoveRelation","objects":[{{Pointer("a")}},{{Pointer("c")}}]},
                {"__op":"AddRelation","objects":[{{Pointer("a")}},{{Pointer("b")}}]}]}
            """).Fields.Single();

        Assert.That((string.Join(',', field.Linked), string.Join(',', field.Unlinked)), Is.EqualTo(("b,a", "c")));
    }

    private static string List(Func<int, string> item, string between = ",") => string.Join(between, Enumerable.Range(0, Many).Select(item));

    private static Draft Draft(string properties) => DraftReader.Read(Body(properties), "Odd", isCreate: false);

    private static RequestBody Body(string properties) => RequestBody.Read(Encoding.UTF8.GetBytes("{" + properties + "}"), 100);

    private static FindOptions FindParameters(string query, string properties) => FindOptions.ReadFind(
        new ParseRequest
        {
            Http = new DefaultHttpContext(),
            Method = "GET",
            Mount = "/parse",
            Segments = ["classes", "Odd"],
            QueryString = query,
            Body = Body(properties),
            Credentials = new Credentials(),
            Caller = Caller.Anonymous,
        },
        new ParseCompatOptions());
}
