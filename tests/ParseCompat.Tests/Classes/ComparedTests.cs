namespace Backend.ParseCompat.Tests.Classes;

/// <summary>What generated requests, sent to a real parse-server as well, showed to be answered otherwise here, without the contract asking for it.</summary>
[TestFixture]
public sealed class ComparedTests
{
    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await ParseServer.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task An_update_takes_id_for_a_field_like_any_other()
    {
        var row = "/classes/Named/" + await _server.CreateAsync("Named", """{"n":1}""");

        Assert.That(await _server.SendAsync("POST", "/classes/Named", """{"id":"x"}"""), Is.EqualTo("""400 {"code":105,"error":"id is an invalid field name."}"""));
        Assert.That(await _server.SendAsync("PUT", row, """{"id":"x","n":2}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That((await _server.CallAsync("GET", row)).Body!["id"]!.ToString(), Is.EqualTo("x"));
        Assert.That(await _server.FindAsync("Named", """{"id":"x"}"""), Is.EqualTo("2"));
    }

    [TestCase("""{"ACL.x":1}""", "schema mismatch for Plain.ACL; expected ACL but got Object")]
    [TestCase("""{"createdAt.x":1}""", "schema mismatch for Plain.createdAt; expected Date but got Object")]
    [TestCase("""{"objectId.x":1}""", "schema mismatch for Plain.objectId; expected String but got Object")]
    [TestCase("""{"o.x":{"__op":"AddRelation","objects":[TO]}}""", "schema mismatch for Plain.o; expected Object but got Relation<B>")]
    [TestCase("""{"r":{"__op":"AddRelation","objects":[TO,{"__type":"Pointer","className":"C","objectId":"1"}]}}""", "schema mismatch for Plain.r; expected Relation<B> but got Relation<C>")]
    public async Task A_place_where_none_can_be_is_refused_with_the_name_of_the_class(string body, string error)
    {
        body = body.Replace("TO", """{"__type":"Pointer","className":"B","objectId":"1"}""", StringComparison.Ordinal);
        var id = await _server.CreateAsync("Plain", """{"n":1}""");

        var expected = $$"""400 {"code":111,"error":"{{error}}"}""";
        Assert.That(await _server.SendAsync("PUT", "/classes/Plain/" + id, body), Is.EqualTo(expected));
        Assert.That(await _server.SendAsync("POST", "/classes/Plain", body), Is.EqualTo(expected));
    }

    [Test]
    public async Task The_times_of_a_row_cannot_be_taken_away()
    {
        var row = "/classes/Timed/" + await _server.CreateAsync("Timed", """{"n":1}""");

        Assert.That(await _server.SendAsync("PUT", row, """{"createdAt":{"__op":"Delete"},"updatedAt":{"__op":"Delete"}}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await _server.SendAsync("GET", row), Is.EqualTo("""200 {"objectId":"ID","createdAt":"T","updatedAt":"T","n":1}"""));
    }

    [Test]
    public async Task An_empty_list_for_conditions_is_none_at_all()
    {
        await _server.CreateAsync("Listed", """{"n":1}""");
        await _server.CreateAsync("Listed", """{"n":2}""");

        Assert.That(await _server.FindAsync("Listed", "[]"), Is.EqualTo("1,2"));
        Assert.That(await _server.FindAsync("Listed", """{"$or":[[],{"n":1}]}"""), Is.EqualTo("1,2"));
        Assert.That(await _server.FindAsync("Listed", """{"$and":[[],{"n":1}]}"""), Is.EqualTo("1"));
        Assert.That(await _server.FindAsync("Listed", """[{"n":1}]"""), Is.EqualTo("""400 {"code":107,"error":"where parameter is not valid JSON"}"""));
    }

    [Test]
    public async Task The_owner_of_a_relation_need_not_say_that_it_is_a_pointer()
    {
        var member = await _server.CreateAsync("Member", """{"n":1}""");
        var owner = await _server.CreateAsync("Owner", """{"r":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Member","objectId":"ID"}]}}""".Replace("ID", member, StringComparison.Ordinal));

        Assert.That(await _server.FindAsync("Member", """{"$relatedTo":{"object":{"className":"Owner","objectId":"ID"},"key":"r"}}""".Replace("ID", owner, StringComparison.Ordinal)), Is.EqualTo("1"));
        Assert.That(await _server.FindAsync("Member", """{"$relatedTo":{"object":{"objectId":"ID"},"key":"r"}}"""), Does.Contain("improper usage of $relatedTo"));
    }

    [Test]
    public async Task The_relation_of_an_object_that_is_not_saved_yet_has_no_members()
    {
        var member = await _server.CreateAsync("Held", """{"n":1}""");
        await _server.CreateAsync("Holder", """{"r":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Held","objectId":"ID"}]}}""".Replace("ID", member, StringComparison.Ordinal));

        Assert.That(await _server.FindAsync("Held", """{"$relatedTo":{"object":{"__type":"Pointer","className":"Holder"},"key":"r"}}"""), Is.Empty);
        Assert.That(await _server.FindAsync("Held", """{"$relatedTo":{"object":{"__type":"Pointer","className":"Holder","objectId":null},"key":"r"}}"""), Is.Empty);
        Assert.That(await _server.FindAsync("Held", """{"$or":[{"n":1},{"$relatedTo":{"object":{"__type":"Pointer","className":"Holder"},"key":"r"}}]}"""), Is.EqualTo("1"));
    }

    [Test]
    public async Task Rows_say_of_which_class_they_are_where_there_is_nothing_to_redirect_to()
    {
        await _server.CreateAsync("Stays", """{"n":1}""");

        Assert.That(await _server.SendAsync("GET", "/classes/Stays?redirectClassNameForKey=n&keys=n"),
            Is.EqualTo("""200 {"results":[{"className":"Stays","objectId":"ID","createdAt":"T","updatedAt":"T","n":1}]}"""));
    }

    [TestCase("aGk")]
    [TestCase("aG\\nk=\\n")]
    [TestCase("_-8")]
    public async Task Bytes_are_read_as_Node_reads_base64(string base64)
    {
        var row = "/classes/Binary/" + await _server.CreateAsync("Binary", """{"b":{"__type":"Bytes","base64":"TEXT"}}""".Replace("TEXT", base64, StringComparison.Ordinal));

        Assert.That((await _server.CallAsync("GET", row)).Body!["b"]!["base64"]!.ToString(), Is.EqualTo(base64 == "_-8" ? "/+8=" : "aGk="));
        Assert.That(await _server.SendAsync("PUT", row, """{"b":{"__type":"Bytes","base64":"***"}}"""), Is.EqualTo("""400 {"code":111,"error":"This is not a valid Bytes"}"""));
    }

    [Test]
    public async Task Results_of_operations_at_places_of_a_new_row_are_answered_nested() =>
        Assert.That(await _server.SendAsync("POST", "/classes/Placed", """{"o.a.x":{"__op":"Increment","amount":2},"o.b":{"__op":"Add","objects":[1]},"n":1}"""),
            Is.EqualTo("""201 {"objectId":"ID","createdAt":"T","o":{"a":{"x":2},"b":[1]}}"""));

    [TestCase("""{"p":{"$gte":{"__type":"Pointer","className":"M","objectId":"b"}}}""", "2")]
    [TestCase("""{"p":{"$lt":{"__type":"Pointer","className":"M","objectId":"b"}}}""", "1")]
    [TestCase("""{"p":{"$gt":"a"}}""", "2")]
    [TestCase("""{"p":{"$gt":{"__type":"Pointer","className":"L","objectId":"z"}}}""", "1,2")]
    [TestCase("""{"p":{"$lte":{"__type":"Pointer","className":"L","objectId":"z"}}}""", "")]
    [TestCase("""{"p":{"$lt":{"__type":"Pointer","className":"N","objectId":"a"}}}""", "1,2")]
    [TestCase("""{"f":{"$gt":{"__type":"File","name":"b.png"}}}""", "2")]
    public async Task Pointers_are_in_order_of_class_and_id_and_files_of_their_names(string where, string expected)
    {
        if (await _server.FindAsync("Ordered", "{}") == "")
        {
            await _server.CreateAsync("Ordered", """{"n":1,"p":{"__type":"Pointer","className":"M","objectId":"a"},"f":{"__type":"File","name":"a.png"}}""");
            await _server.CreateAsync("Ordered", """{"n":2,"p":{"__type":"Pointer","className":"M","objectId":"c"},"f":{"__type":"File","name":"c.png"}}""");
            await _server.CreateAsync("Ordered", """{"n":3}""");
        }

        Assert.That(await _server.FindAsync("Ordered", where), Is.EqualTo(expected));
    }
}
