namespace Backend.MongoImport.Tests.Imports;

/// <summary>Folders of JSON in the forms of the REST API.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ExportTests
{
    [Test]
    public async Task Users_of_an_export_keep_password_token_and_identities()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(("_User.json", """
            {"results":[{"objectId":"u1","username":"ann","email":"a@example.com","bcryptPassword":"$2a$10$abc","sessionToken":"legacy1","emailVerified":true,
            "authData":{"facebook":{"id":"42","access_token":"t"},"anonymous":null},"ACL":{"*":{"read":true},"u1":{"read":true,"write":true}},"age":30,
            "createdAt":"2015-09-24T00:50:59.078Z","updatedAt":"2015-09-25T00:50:59.078Z"}]}
            """));
        Assert.That(await target.Get<string>("select concat_ws(' ', username, password_hash, legacy_session_token, age, email_verified, acl_read::text, acl_write::text) from app.users"),
            Is.EqualTo("ann $2a$10$abc legacy1 30 t {*,u1} {u1}"));
        Assert.That(await target.Get<string>("select concat_ws(' ', provider, subject, created_at at time zone 'utc') from app.identities"), Is.EqualTo("facebook 42 2015-09-24 00:50:59.078"));
        Assert.That(await target.Get<string>("select rest::text from app.users"), Is.Null);
    }

    [Test]
    public async Task Every_form_of_value_finds_its_type()
    {
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(
            ("Post.json", """
                {"results":[{"objectId":"p1","text":"t","at":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},"author":{"__type":"Pointer","className":"_User","objectId":"u1"},
                "place":{"__type":"GeoPoint","latitude":1.5,"longitude":2.5},"photo":{"__type":"File","name":"x_a.png","url":"http://x/a.png"},"raw":{"__type":"Bytes","base64":"aGk="},
                "area":{"__type":"Polygon","coordinates":[[0,0],[0,1],[1,1]]},"tags":{"__type":"Relation","className":"Tag"},"map":{"a":1},"list":[1,"x"],"ok":true,"n":1.5,"none":null,"ACL":{},"createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2020-01-01T00:00:00.000Z"}]}
                """),
            ("Tag.json", """{"results":[{"objectId":"t1"},{"objectId":"t2"}]}"""),
            ("_Join\uA789tags\uA789Post.json", """{"results":[{"objectId":"639841399d2c032012a84eb8","owningId":"p1","relatedId":"t2"},{"objectId":"639841399d2c032012a84eb9","owningId":"p1","relatedId":"t1"}]}"""));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.Get<string>("select string_agg(concat_ws(' ', f.name, f.kind, f.target), ', ' order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Post'"),
            Is.EqualTo("area Polygon, at Timestamp, author Reference _User, list Array, map Object, n Number, ok Boolean, photo File, place Point, raw Bytes, tags Relation Tag, text Text"));
        Assert.That(await target.Get<string>("select concat_ws(' ', text, at at time zone 'utc', author, st_astext(place), photo, encode(raw, 'escape'), st_astext(area), map, list, ok, n, rest, acl_read, acl_write) from app.post"),
            Is.EqualTo("""t 2020-01-01 00:00:00 u1 POINT(2.5 1.5) x_a.png hi POLYGON((0 0,1 0,1 1,0 0)) {"a": 1} [1, "x"] t 1.5 {"none": null} {} {}"""));
        Assert.That(await target.Get<string>("select string_agg(related_id, ' ' order by seq) from app.post_tags"), Is.EqualTo("t2 t1"));
    }

    [Test]
    public async Task Files_of_no_bytes_are_classes_of_no_rows()
    {
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(("_Installation.json", ""), ("_Join:users:_Role.json", ""), ("Game.json", ""), ("_Role.json", """{"results":[{"objectId":"r1","name":"owner","ACL":{}}]}"""));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.Get<string>("select name from app.roles"), Is.EqualTo("owner"));
    }

    [Test]
    public async Task Documents_of_mongoexport_come_with_their_types()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(
            ("_SCHEMA.json", """{"_id":"Game","objectId":"string","owner":"*_User","when":"date","place":"geopoint"}"""),
            ("Game.json", """
                {"_id":"g1","_p_owner":"_User$u1","when":{"$date":"2020-01-01T00:00:00Z"},"place":[2.5,1.5],"_created_at":{"$date":{"$numberLong":"0"}},"_rperm":["*"],"_wperm":[]}
                {"_id":{"$oid":"56d500000000000000000001"},"when":{"$date":"2020-01-01T00:00:00Z"}}
                """));
        Assert.That(await target.Get<string>("select concat_ws(' ', owner, extract(year from \"when\"), st_astext(place), acl_read, acl_write, extract(epoch from created_at)::int) from app.game where id = 'g1'"),
            Is.EqualTo("u1 2020 POINT(2.5 1.5) {*} {} 0"));
        Assert.That(await target.Get<string>("select rest -> '_id' ->> '$foreign' from app.game where id = '56d500000000000000000001'"), Is.EqualTo("[7, \"VtUAAAAAAAAAAAAB\"]"));
    }
}
