namespace Backend.ParseCompat.Tests.Access;

/// <summary>What keys and permissions allow, as clients of the old dialect see it (contract 2.5, 11 to 13).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class AccessTests
{
    private const string ReadOnly = "X-Parse-Master-Key: ro";
    private const string Maintenance = "X-Parse-Maintenance-Key: mt";

    private ParseApp _app = null!;
    private (string Id, string Token) _ann;
    private (string Id, string Token) _bob;

    [OneTimeSetUp]
    public async Task Start()
    {
        _app = await ParseApp.StartAsync(("ParseCompat:ReadOnlyMasterKey", "ro"), ("ParseCompat:MaintenanceKey", "mt"), ("ParseCompat:AllowCustomObjectId", "true"),
            ("ParseCompat:ProtectedFieldsSaveResponseExempt", "false"));
        _ann = await _app.SignUpAsync("ann");
        _bob = await _app.SignUpAsync("bob");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [TestCase("POST", "/parse/classes/Thing", "create")]
    [TestCase("POST", "/parse/users", "create")]
    [TestCase("POST", "/parse/roles", "create")]
    [TestCase("POST", "/parse/sessions", "create")]
    [TestCase("POST", "/parse/installations", "create")]
    [TestCase("PUT", "/parse/classes/Thing/x", "update")]
    [TestCase("PUT", "/parse/users/x", "update")]
    [TestCase("PUT", "/parse/roles/x", "update")]
    [TestCase("PUT", "/parse/installations/x", "update")]
    [TestCase("DELETE", "/parse/classes/Missing/x", "delete")]
    [TestCase("DELETE", "/parse/users/x", "delete")]
    [TestCase("DELETE", "/parse/sessions/x", "delete")]
    public async Task The_read_only_master_key_writes_no_row(string method, string path, string operation) =>
        Assert.That(await _app.SendAsync(method, path, method == "DELETE" ? null : """{"a":{"__op":"Nonsense"}}""", ReadOnly),
            Is.EqualTo($$"""400 {"code":119,"error":"read-only masterKey isn't allowed to perform the {{operation}} operation."}"""));

    [TestCase("POST", "/parse/schemas/Other", "create a schema")]
    [TestCase("PUT", "/parse/schemas/Other", "update a schema")]
    [TestCase("DELETE", "/parse/schemas/Other", "delete a schema")]
    [TestCase("DELETE", "/parse/purge/Other", "purge a schema")]
    public async Task The_read_only_master_key_changes_no_schema(string method, string path, string what) =>
        Assert.That(await _app.SendAsync(method, path, method == "DELETE" ? null : "{}", ReadOnly), Is.EqualTo($$"""400 {"code":119,"error":"read-only masterKey isn't allowed to {{what}}."}"""));

    [Test]
    public async Task Who_may_not_add_fields_learns_that_before_a_wrong_type()
    {
        await _app.JsonAsync("POST", "/parse/schemas/Settled", """{"fields":{"n":{"type":"Number"}},"classLevelPermissions":{"find":{"*":true},"get":{"*":true},"create":{"*":true},"update":{"*":true},"addField":{}}}""", ParseApp.Master);

        Assert.That(await _app.SendAsync("POST", "/parse/classes/Settled", """{"n":"text","more":1}"""), Does.StartWith("400 {\"code\":119"));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/Settled", """{"n":"text"}"""), Does.StartWith("400 {\"code\":111"));
    }

    [Test]
    public async Task The_maintenance_key_says_when_a_row_was_made()
    {
        var made = await _app.JsonAsync("POST", "/parse/classes/Old", """{"createdAt":{"__type":"Date","iso":"2019-01-01T00:00:00.000Z"},"updatedAt":{"__type":"Date","iso":"2019-02-01T00:00:00.000Z"},"n":1}""", Maintenance);
        var row = await _app.JsonAsync("GET", "/parse/classes/Old/" + made.GetProperty("objectId").GetString());

        Assert.That(made.GetProperty("createdAt").GetString(), Is.EqualTo("2019-01-01T00:00:00.000Z"));
        Assert.That((row.GetProperty("createdAt").GetString(), row.GetProperty("updatedAt").GetString()), Is.EqualTo(("2019-01-01T00:00:00.000Z", "2019-02-01T00:00:00.000Z")));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/Old", """{"createdAt":{"__type":"Date","iso":"2019-01-01T00:00:00.000Z"},"updatedAt":{"__type":"Date","iso":"2018-02-01T00:00:00.000Z"}}""", Maintenance),
            Is.EqualTo("""400 {"code":142,"error":"updatedAt cannot occur before createdAt"}"""));
        var byMaster = await _app.JsonAsync("POST", "/parse/classes/Old", """{"createdAt":{"__type":"Date","iso":"2019-01-01T00:00:00.000Z"}}""", ParseApp.Master);
        Assert.That(byMaster.GetProperty("createdAt").GetString(), Does.Not.StartWith("2019"));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/Old", """{"createdAt":"2019-01-01T00:00:00.000Z"}""", Maintenance),
            Is.EqualTo("""400 {"code":111,"error":"schema mismatch for Old.createdAt; expected Date but got String"}"""));
    }

    [Test]
    public async Task An_id_that_reads_like_a_role_is_no_user_s()
    {
        Assert.That(await _app.SendAsync("POST", "/parse/users", """{"objectId":"role:admin","username":"sly","password":"x"}"""),
            Is.EqualTo("""400 {"code":119,"error":"Invalid object ID."}"""));
        await _app.Database.ExecuteAsync("insert into app.users (id, username) values ('role:admin', 'sly')");
        await _app.Database.ExecuteAsync("insert into app.sessions (id, user_id, token) values ('s1', 'role:admin', 'r:00000000000000000000000000000001')");
        Assert.That(await _app.SendAsync("GET", "/parse/users", null, ParseApp.As("r:00000000000000000000000000000001")), Is.EqualTo("""400 {"code":1,"error":"Invalid object ID."}"""));
    }

    [Test]
    public async Task Classes_of_the_master_key_come_along_with_no_pointer()
    {
        var made = await _app.JsonAsync("POST", "/parse/classes/Pointing", """{"p":{"__type":"Pointer","className":"_PushStatus","objectId":"x"}}""");
        var path = "/parse/classes/Pointing/" + made.GetProperty("objectId").GetString();

        Assert.That(await _app.SendAsync("GET", path + "?include=p"),
            Is.EqualTo("""400 {"code":119,"error":"Clients aren't allowed to perform the get operation on the _PushStatus collection."}"""));
        Assert.That(await _app.SendAsync("GET", path + "?include=p", null, ParseApp.Master), Does.StartWith("200"));
    }

    [Test]
    public async Task A_count_alone_needs_the_right_to_count_alone()
    {
        await Schema("Counted", """{"fields":{"editors":{"type":"Array"}},"classLevelPermissions":{"create":{"*":true},"count":{"pointerFields":["editors"]}}}""");
        await _app.JsonAsync("POST", "/parse/classes/Counted", $$"""{"editors":[{{Pointer(_ann.Id)}}]}""");
        await _app.JsonAsync("POST", "/parse/classes/Counted", $$"""{"editors":[{{Pointer(_bob.Id)}}]}""");

        Assert.That(await _app.SendAsync("GET", "/parse/classes/Counted?count=1&limit=0", null, ParseApp.As(_ann.Token)), Is.EqualTo("""200 {"results":[],"count":1}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Counted?count=1&limit=0"), Is.EqualTo("""200 {"results":[],"count":0}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Counted?count=1", null, ParseApp.As(_ann.Token)),
            Is.EqualTo("""400 {"code":119,"error":"Permission denied for action find on class Counted."}"""));
    }

    [Test]
    public async Task Pointer_permissions_restrict_to_the_rows_of_the_users_in_them()
    {
        await Schema("Doc", """
            {"fields":{"owner":{"type":"Pointer","targetClass":"_User"},"editors":{"type":"Array"},"n":{"type":"Number"}},
             "classLevelPermissions":{"create":{"*":true},"readUserFields":["owner","editors"],"writeUserFields":["owner"],"update":{"pointerFields":["editors"]}}}
            """);
        var doc = await MakeAsync("Doc", $$"""{"owner":{{Pointer(_ann.Id)}},"editors":[{{Pointer(_bob.Id)}}],"n":1}""");
        var path = "/parse/classes/Doc/" + doc;

        Assert.That(await _app.SendAsync("GET", path), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Doc"), Is.EqualTo("""200 {"results":[]}"""));
        var byId = "/parse/classes/Doc?where=" + Uri.EscapeDataString($$"""{"objectId":"{{doc}}"}""");
        Assert.That(await _app.SendAsync("GET", byId), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""), "a find by nothing but the id is a get");
        var stranger = await _app.SignUpAsync("stranger");
        Assert.That(await _app.SendAsync("GET", byId, null, ParseApp.As(stranger.Token)), Is.EqualTo("""200 {"results":[]}"""), "of which a user hears nothing");
        Assert.That(await _app.SendAsync("GET", path, null, ParseApp.As(_bob.Token)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("PUT", path, """{"n":2}""", ParseApp.As(_bob.Token)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("DELETE", path, null, ParseApp.As(_bob.Token)), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _app.SendAsync("PUT", path, """{"fresh":1}""", ParseApp.As(_bob.Token)), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _app.SendAsync("PUT", path, """{"fresher":1}""", ParseApp.As(_ann.Token)), Does.StartWith("200"));
        var batch = await _app.JsonAsync("POST", "/parse/batch", $$$"""{"requests":[{"method":"PUT","path":"/parse/classes/Doc/{{{doc}}}","body":{"freshest":1}}]}""", ParseApp.As(_bob.Token));
        Assert.That(batch[0].GetProperty("error").GetProperty("code").GetInt32(), Is.EqualTo(101), "a batch makes the field first and asks for the same right");
        Assert.That(await _app.SendAsync("DELETE", path, null, ParseApp.As(_ann.Token)), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task An_unknown_key_asks_for_the_right_to_add_fields_even_when_it_is_null()
    {
        await Schema("Closed", """{"classLevelPermissions":{"create":{"*":true},"update":{"*":true},"addField":{}}}""");
        var id = await MakeAsync("Closed", "{}");
        const string Denied = """400 {"code":119,"error":"Permission denied for action addField on class Closed."}""";

        Assert.That(await _app.SendAsync("POST", "/parse/classes/Closed", """{"a":1}"""), Is.EqualTo(Denied));
        Assert.That(await _app.SendAsync("PUT", "/parse/classes/Closed/" + id, """{"a":null}"""), Is.EqualTo(Denied));
        Assert.That(await _app.SendAsync("PUT", "/parse/classes/Closed/" + id, """{"a":{"__op":"Delete"}}"""), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/Closed", """{"a":1}""", ParseApp.Master), Does.StartWith("201"));
    }

    [Test]
    public async Task Protected_fields_are_hidden_in_includes_with_keys_and_after_writes()
    {
        await Schema("Hid", """
            {"fields":{"owner":{"type":"Pointer","targetClass":"_User"},"pin":{"type":"Number"},"name":{"type":"String"}},
             "classLevelPermissions":{"find":{"*":true},"get":{"*":true},"create":{"*":true},"update":{"*":true},"addField":{},
               "protectedFields":{"*":["pin"],"userField:owner":[]}}}
            """);
        var hid = await MakeAsync("Hid", $$"""{"owner":{{Pointer(_ann.Id)}},"pin":7,"name":"x"}""");
        await MakeAsync("Showing", $$$"""{"hid":{"__type":"Pointer","className":"Hid","objectId":"{{{hid}}}"}}""");

        Assert.That(await Seen(_ann.Token, "/parse/classes/Hid?keys=pin"), Is.EqualTo("7 False"), "owner is read, not shown");
        Assert.That(await Seen(_ann.Token, "/parse/classes/Hid?excludeKeys=owner"), Is.EqualTo("7 False"));
        Assert.That(await Seen(_bob.Token, "/parse/classes/Hid"), Is.EqualTo(" True"));
        Assert.That(await Seen(_ann.Token, "/parse/classes/Showing?include=hid", "hid"), Is.EqualTo("7 True"));
        Assert.That(await Seen(_bob.Token, "/parse/classes/Showing?include=hid", "hid"), Is.EqualTo(" True"));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Hid?where={\"pin\":7}", null, ParseApp.As(_bob.Token)),
            Is.EqualTo("""400 {"code":119,"error":"This user is not allowed to query pin on class Hid"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Showing?where={\"hid\":{\"$inQuery\":{\"className\":\"Hid\",\"where\":{\"$or\":[{\"pin\":7}]}}}}", null, ParseApp.As(_bob.Token)),
            Is.EqualTo("""400 {"code":119,"error":"This user is not allowed to query pin on class Hid"}"""));
        var changed = await _app.JsonAsync("PUT", "/parse/classes/Hid/" + hid, """{"pin":{"__op":"Increment","amount":1}}""", ParseApp.As(_bob.Token));
        Assert.That(changed.TryGetProperty("pin", out _), Is.False);
        var byMaster = await _app.JsonAsync("PUT", "/parse/classes/Hid/" + hid, """{"pin":{"__op":"Increment","amount":1}}""", ParseApp.Master);
        Assert.That(byMaster.GetProperty("pin").GetInt32(), Is.EqualTo(9));
    }

    [Test]
    public async Task The_members_of_a_hidden_relation_are_found_by_those_alone_who_see_it()
    {
        await Schema("Circle", """
            {"fields":{"owner":{"type":"Pointer","targetClass":"_User"},"members":{"type":"Relation","targetClass":"Member"}},
             "classLevelPermissions":{"find":{"*":true},"get":{"*":true},"create":{"*":true},"addField":{"*":true},"protectedFields":{"*":["members"],"userField:owner":[]}}}
            """);
        var member = await MakeAsync("Member", "{}");
        var circle = await MakeAsync("Circle", $$$"""{"owner":{{{Pointer(_ann.Id)}}},"members":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Member","objectId":"{{{member}}}"}]}}""");
        var path = $$$$"""/parse/classes/Member?where={"$relatedTo":{"object":{"__type":"Pointer","className":"Circle","objectId":"{{{{circle}}}}"},"key":"members"}}""";

        Assert.That(await _app.SendAsync("GET", path, null, ParseApp.As(_ann.Token)), Does.Contain(member));
        Assert.That(await _app.SendAsync("GET", path, null, ParseApp.As(_bob.Token)), Is.EqualTo("""200 {"results":[]}"""));
        Assert.That(await _app.SendAsync("GET", path), Is.EqualTo("""200 {"results":[]}"""));
    }

    [Test]
    public async Task A_class_that_keys_leave_out_is_not_asked_for_permission()
    {
        await Schema("Vault", """{"fields":{"n":{"type":"Number"}},"classLevelPermissions":{"create":{"*":true}}}""");
        var vault = await MakeAsync("Vault", "{}");
        var shelf = await MakeAsync("Shelf", $$$"""{"n":1,"vault":{"__type":"Pointer","className":"Vault","objectId":"{{{vault}}}"}}""");
        await MakeAsync("Room", $$$"""{"shelf":{"__type":"Pointer","className":"Shelf","objectId":"{{{shelf}}}"}}""");

        Assert.That(await _app.SendAsync("GET", "/parse/classes/Room?include=shelf.vault"), Does.StartWith("400 {\"code\":119"));
        var row = (await _app.JsonAsync("GET", "/parse/classes/Room?include=shelf.vault&keys=shelf.n")).GetProperty("results")[0];
        Assert.That(row.GetProperty("shelf").TryGetProperty("vault", out _), Is.False);
        Assert.That(row.GetProperty("shelf").GetProperty("n").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task Users_see_themselves_whole_and_may_filter_their_own_row_by_what_is_hidden()
    {
        await _app.JsonAsync("PUT", "/parse/users/" + _ann.Id, """{"email":"ann@example.com"}""", ParseApp.As(_ann.Token));
        var own = "{\"objectId\":\"" + _ann.Id + "\",\"email\":\"ann@example.com\"}";

        Assert.That(await _app.SendAsync("GET", "/parse/users?where=" + own, null, ParseApp.As(_ann.Token)), Does.Contain("ann@example.com"));
        Assert.That(await _app.SendAsync("GET", "/parse/users?where=" + own, null, ParseApp.As(_bob.Token)), Is.EqualTo("""400 {"code":119,"error":"This user is not allowed to query email on class _User"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/users?order=email", null, ParseApp.As(_ann.Token)), Is.EqualTo("""400 {"code":119,"error":"This user is not allowed to sort by email on class _User"}"""));
    }

    [Test]
    public async Task Users_who_are_not_exempt_see_of_themselves_what_others_see()
    {
        await using var app = await ParseApp.StartAsync(("Access:ProtectedFieldsOwnerExempt", "false"));
        var (id, token) = await app.SignUpAsync("eve");
        await app.JsonAsync("PUT", "/parse/users/" + id, """{"email":"eve@example.com"}""", ParseApp.As(token));

        Assert.That((await app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.As(token))).TryGetProperty("email", out _), Is.False);
        Assert.That((await app.JsonAsync("GET", "/parse/users/me", null, ParseApp.As(token))).TryGetProperty("email", out _), Is.False);
        Assert.That((await app.JsonAsync("GET", "/parse/login?username=eve&password=secret")).TryGetProperty("email", out _), Is.False);
        Assert.That((await app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.Master)).TryGetProperty("email", out _), Is.True);
    }

    private async Task Schema(string name, string body) => await _app.JsonAsync("POST", "/parse/schemas/" + name, body, ParseApp.Master);

    private async Task<string> MakeAsync(string name, string body) =>
        (await _app.JsonAsync("POST", "/parse/classes/" + name, body)).GetProperty("objectId").GetString()!;

    /// <summary>Pin and whether there is an owner, of the first row of a find or of what it includes.</summary>
    private async Task<string> Seen(string token, string path, string? included = null)
    {
        var row = (await _app.JsonAsync("GET", path, null, ParseApp.As(token))).GetProperty("results")[0];
        if (included is not null)
            row = row.GetProperty(included);
        return $"{(row.TryGetProperty("pin", out var pin) ? pin.GetRawText() : "")} {row.TryGetProperty("owner", out _)}";
    }

    private static string Pointer(string user) => $$"""{"__type":"Pointer","className":"_User","objectId":"{{user}}"}""";
}
