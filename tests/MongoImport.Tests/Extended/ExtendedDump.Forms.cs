using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Tests.Extended;

/// <content>Part 1: the layout, as servers of all ages have written it.</content>
internal sealed partial class ExtendedDump
{
    private const string UserId = "uFirst0001";

    private void Schemas()
    {
        // 1.4: every type, options, permissions, indexes; dates as "date" and as "string".
        Schema("Forms", s => s.Text("text", "string").Text("number", "number").Text("flag", "boolean").Text("when", "date").Text("map", "object").Text("hosted", "map")
            .Text("list", "array").Text("point", "geopoint").Text("area", "polygon").Text("file", "file").Text("data", "bytes").Text("owner", "*_User").Text("self", "*Forms")
            .Text("members", "relation<_User>").Text("ACL", "acl"), m => m
            .Document("class_permissions", p => p
                .Document("get", o => o.Bool("*", true)).Document("find", o => o.Bool("requiresAuthentication", true)).Document("count", o => o.Bool("role:Staff", true))
                .Document("create", o => o.Bool(UserId, true)).Document("update", o => o.Texts("pointerFields", "owner")).Document("delete", o => { }).Document("addField", o => o.Bool("*", false))
                .Texts("readUserFields", "owner").Texts("writeUserFields", "owner")
                .Document("protectedFields", f => f.Texts("*", "text").Texts("role:Staff").Texts("userField:owner"))
                .Document("ACL", a => a.Document("*", r => r.Bool("read", true)).Document("currentUser", r => r.Bool("read", true).Bool("write", true))))
            .Document("fields_options", o => o
                .Document("text", f => f.Bool("required", true).Text("defaultValue", "none")).Document("number", f => f.Bool("required", false).Int("defaultValue", 7))
                .Document("when", f => f.Document("defaultValue", v => v.Text("__type", "Date").Text("iso", "2016-05-01T00:00:00.000Z")))
                .Document("list", f => f.Texts("defaultValue", "a")).Document("point", f => f.Document("defaultValue", v => v.Text("__type", "GeoPoint").Double("latitude", 1).Double("longitude", 2)))
                .Document("owner", f => f.Document("defaultValue", v => v.Text("__type", "Pointer").Text("className", "_User").Text("objectId", UserId))))
            .Document("indexes", i => i.Document("_id_", k => k.Int("_id", 1)).Document("number_1", k => k.Int("number", 1)).Document("text_words", k => k.Text("text", "text"))));
        Schema("Old", s => s.Text("n", "number").Text("place", "geopoint").Document("_client_permissions", c => c.Bool("find", true)), m => m
            .Document("class_permissions", p => p.Document("get", o => o.Bool("*", true)).Document("find", o => o.Bool("*", true))), times: "string");
        Schema("_User", s => s.Text("nick", "string").Text("_auth_data_facebook", "object").Text("authData", "object").Text("friends", "relation<_User>"));
        Schema("_Role", s => s.Text("name", "string").Text("users", "relation<_User>").Text("roles", "relation<_Role>"));
        Schema("_Session", s => s.Text("user", "*_User").Text("device", "string"));
        Schema("_Installation", s => s.Text("user", "*_User").Text("deviceTokenLastModified", "number"));
        OddSchemas();
    }

    private void Schema(string name, Action<Doc> fields, Action<Doc>? metadata = null, string times = "date") => Add("_SCHEMA", d =>
    {
        d.Text("_id", name).Text("objectId", "string").Text("createdAt", times).Text("updatedAt", times);
        fields(d);
        if (metadata is not null)
        {
            d.Document("_metadata", metadata);
        }
    });

    private void Forms()
    {
        // 1.3, first level: each type as it should be, and as other writers left it.
        Add("Forms", d => d.Text("_id", "first").Text("text", "grüße 😀").Double("number", 1.5).Bool("flag", true).Date("when", "2016-05-01T12:30:00.123Z")
            .Document("map", m => m.Text("z", "last").Int("a", 1)).Document("hosted", m => m.Bool("old", true)).Array("list", l => l.Int("0", 1).Text("1", "two").Null("2"))
            .Array("point", p => p.Double("0", 13.4).Double("1", 52.5)).Document("area", Ring).Text("file", "0a1b_photo.png").Binary("data", 0, 1, 2, 3)
            .Text("_p_owner", "_User$" + UserId).Text("_p_self", "Forms$odd$id").Texts("_rperm", "*", UserId).Texts("_wperm", "role:Staff")
            .Document("_acl", a => a.Document("*", r => r.Bool("r", true)).Document(UserId, r => r.Bool("r", true)).Document("role:Staff", r => r.Bool("w", true))).Times());
        Add("Forms", d => d.Text("_id", "int32").Int("number", -7).Array("point", p => p.Int("0", 13).Int("1", 52)).Times());
        Add("Forms", d => d.Text("_id", "int64").Long("number", 9_007_199_254_740_992).Texts("_rperm").Texts("_wperm").Times());
        Add("Forms", d => d.Text("_id", "decimal").Decimal("number", "12.50").Texts("_rperm", "*").Times());
        Add("Forms", d => d.Text("_id", "otherForms").Document("when", w => w.Text("__type", "Date").Text("iso", "2016-05-01T12:30:00Z")).Document("point", p => p.Text("__type", "GeoPoint").Double("latitude", 1).Double("longitude", 2))
            .Document("area", a => a.Text("__type", "Polygon").Array("coordinates", c => Pair(Pair(Pair(Pair(c, "0", 0, 0), "1", 0, 1), "2", 1, 1), "3", 0, 0)))
            .Document("file", f => f.Text("__type", "File").Text("name", "b.png").Text("url", "http://files/b.png")).Text("data", "AQID")
            .Document("owner", p => p.Text("__type", "Pointer").Text("className", "_User").Text("objectId", UserId)).Document("members", r => r.Text("__type", "Relation").Text("className", "_User")).Times());
        Add("Forms", d => d.Text("_id", "bytesForm").Document("data", b => b.Text("__type", "Bytes").Text("base64", "AQID")).Times());
        // 1.3, inside of arrays and objects.
        Add("Forms", d => d.Text("_id", "nested").Document("map", m => Inside(m.Text("s", "x").Double("n", 0.5)).Document("deep", n => Inside(n)))
            .Array("list", l => l.Document("0", e => Inside(e)).Date("1", 0).Binary("2", 0, 9)).Times());
        // 1.2: createdAt literally.
        Add("Forms", d => d.Text("_id", "literalTimes").Date("createdAt", "2015-01-01T00:00:00Z").Date("updatedAt", "2015-01-02T00:00:00Z"));
        Index("Forms", """{"v":2,"key":{"number":-1,"when":1},"name":"number_-1_when_1"}""");
        Index("Forms", """{"v":2,"key":{"point":"2dsphere"},"name":"point_2dsphere","2dsphereIndexVersion":3}""");
        Index("Forms", """{"v":2,"key":{"list":1},"name":"list_1"}""");
        // 1.8: links, by ObjectId and text.
        Add("_Join:members:Forms", d => d.ObjectId("_id", "000000000000000000000001").Text("relatedId", UserId).Text("owningId", "first"));
        Add("_Join:members:Forms", d => d.Text("_id", "link").Text("relatedId", "uSecond002").Text("owningId", "first"));
        Add("Old", d => d.Text("_id", "o1").Double("n", 1).Array("place", p => p.Double("0", 1).Double("1", 2)).Times());
    }

    private static Doc Inside(Doc d) => d.Date("date", "2016-05-01T00:00:00.000Z").Document("dateForm", f => f.Text("__type", "Date").Text("iso", "2016-05-01T00:00:00.000Z"))
        .Document("dateInDate", f => f.Text("__type", "Date").Date("iso", "2016-05-01T00:00:00.000Z"))
        .Document("pointer", p => p.Text("__type", "Pointer").Text("className", "_User").Text("objectId", UserId))
        .Document("file", f => f.Text("__type", "File").Text("name", "n.png").Text("url", "http://files/n.png"))
        .Document("point", p => p.Text("__type", "GeoPoint").Double("latitude", 1).Double("longitude", 2))
        .Document("area", a => a.Text("__type", "Polygon").Array("coordinates", c => Pair(Pair(Pair(c, "0", 0, 0), "1", 0, 1), "2", 1, 1)))
        .Binary("bytes", 0, 1, 2).Document("bytesForm", b => b.Text("__type", "Bytes").Text("base64", "AQI="))
        .Document("echo", e => e.Text("__type", "Object").Text("className", "Forms").Text("objectId", "first").Text("text", "included"))
        .Int("i", 1).Long("l", 5_000_000_000).Decimal("d", "0.1").Bool("b", false).Null("nothing").Raw("undefined", BsonType.Undefined);

    private static void Ring(Doc area) => area.Text("type", "Polygon").Array("coordinates", c => c.Array("0", r => Pair(Pair(Pair(Pair(r, "0", 0, 0), "1", 0, 1), "2", 1, 1), "3", 0, 0)));

    private static Doc Pair(Doc ring, string index, double first, double second) => ring.Array(index, p => p.Double("0", first).Double("1", second));

    private void Accounts()
    {
        const string hash = "$2y$10$0123456789012345678901uVQH7VtJQCSrfK973zHo6J6unHtXeOrW";
        // 1.5: everything that a user can have.
        Add("_User", d => d.Text("_id", UserId).Text("username", "first").Text("email", "first@example.com").Bool("emailVerified", true).Text("_hashed_password", hash)
            .Document("_auth_data_facebook", a => a.Text("id", "fb1").Text("access_token", "t").Date("expiration_date", "2030-01-01T00:00:00Z")).Document("_auth_data_anonymous", a => a.Text("id", "anon1"))
            .Text("_session_token", "legacy00000000000000000001").Text("_email_verify_token", "verify1").Date("_email_verify_token_expires_at", "2030-01-01T00:00:00Z")
            .Text("_perishable_token", "reset1").Date("_perishable_token_expires_at", "2030-01-01T00:00:00Z").Int("_failed_login_count", 2).Date("_account_lockout_expires_at", "2030-01-01T00:00:00Z")
            .Date("_password_changed_at", "2020-01-01T00:00:00Z").Texts("_password_history", hash, hash).Bool("_tombstone", true).Text("nick", "f")
            .Texts("_rperm", "*", UserId).Texts("_wperm", UserId).Times());
        Add("_User", d => d.Text("_id", "uSecond002").Text("username", "second").Text("_hashed_password", "").Int("_failed_login_count", 0).Texts("_password_history").Times());
        // 1.6
        Add("_Session", d => d.Text("_id", "s1").Text("_session_token", "r:1").Text("_p_user", "_User$" + UserId).Document("createdWith", c => c.Text("action", "login").Text("authProvider", "password"))
            .Bool("restricted", false).Text("installationId", "i-1").Date("expiresAt", "2099-01-01T00:00:00Z").Text("device", "d").Texts("_rperm", UserId).Texts("_wperm").Times());
        Add("_Session", d => d.Text("_id", "s2").Text("_session_token", "r:2").Text("_p_user", "_User$" + UserId).Date("_expiresAt", "2099-01-01T00:00:00Z").Times());
        // 1.7
        Add("_Installation", d => d.Text("_id", "in1").Text("installationId", "i-1").Text("deviceToken", "tok").Text("deviceType", "ios").Texts("channels", "news").Int("badge", 0)
            .Long("deviceTokenLastModified", 1_460_000_000_000).Text("pushType", "gcm").Text("GCMSenderId", "12").Text("timeZone", "Europe/Berlin").Text("_p_user", "_User$" + UserId).Times());
        // 1.8
        Add("_Role", d => d.Text("_id", "rStaff").Text("name", "Staff").Texts("_rperm", "*").Texts("_wperm").Document("_acl", a => a.Document("*", r => r.Bool("r", true))).Times());
        Add("_Role", d => d.Text("_id", "rChild").Text("name", "Child").Texts("_rperm", "*").Texts("_wperm").Times());
        Add("_Join:users:_Role", d => d.ObjectId("_id", "000000000000000000000002").Text("relatedId", UserId).Text("owningId", "rStaff"));
        Add("_Join:roles:_Role", d => d.ObjectId("_id", "000000000000000000000003").Text("relatedId", "rChild").Text("owningId", "rStaff"));
        Add("_Join:friends:_User", d => d.ObjectId("_id", "000000000000000000000004").Text("relatedId", "uSecond002").Text("owningId", UserId));
    }

    private void SystemClasses()
    {
        // 1.9
        Add("_GlobalConfig", d => d.Int("_id", 1).Document("params", p => Inside(p.Text("welcome", "hi"))).Document("masterKeyOnly", m => m.Bool("welcome", false)));
        Add("_GraphQLConfig", d => d.Int("_id", 1).Document("config", c => c.Texts("enabledForClasses", "Forms")));
        // 1.10
        Add("_Hooks", d => d.ObjectId("_id", "000000000000000000000005").Text("functionName", "hello").Text("url", "https://hooks.example.com/hello"));
        Add("_Hooks", d => d.ObjectId("_id", "000000000000000000000006").Text("className", "Forms").Text("triggerName", "beforeSave").Text("url", "https://hooks.example.com/save"));
        Add("_JobSchedule", d => d.Text("_id", "js1").Text("jobName", "clean").Text("params", "{}").Text("startAfter", "2016-05-01T00:00:00.000Z").Texts("daysOfWeek", "1").Text("timeOfDay", "08:00:00.000Z").Int("lastRun", 1_460_000_000).Int("repeatMinutes", 60).Times());
        Add("_JobStatus", d => d.Text("_id", "jo1").Text("jobName", "clean").Text("source", "api").Text("status", "succeeded").Document("params", p => p.Int("a", 1)).Date("finishedAt", "2016-05-01T00:00:00Z").Date("_created_at", 1_460_000_000_000).Date("_updated_at", 0));
        Add("_PushStatus", d => d.Text("_id", "pu1").Text("pushTime", "2016-05-01T00:00:00+02:00").Text("query", "{\"a\":1}").Text("payload", "{\"alert\":\"x\"}").Text("status", "succeeded").Int("numSent", 3)
            .Document("sentPerType", s => s.Int("ios", 3)).Document("sentPerUTCOffset", s => s.Int("-5", 1).Int("5.5", 2)).Document("errorMessage", e => e.Int("code", 1)).Times());
        Add("_Audience", d => d.Text("_id", "au1").Text("name", "all").Text("query", "{}").Date("_last_used", "2016-05-01T00:00:00Z").Int("times_used", 4).Times());
        Add("_Audience", d => d.Text("_id", "au2").Text("name", "old").Text("query", "{}").Date("times_used", "2016-05-01T00:00:00Z").Times());
        Add("_Product", d => d.Text("_id", "pr1").Text("productIdentifier", "p").Text("title", "t").Text("subtitle", "s").Text("icon", "i.png").Int("order", 1).Times());
        Add("_Idempotency", d => d.Text("_id", "ip1").Text("reqId", "r").Date("expire", "2030-01-01T00:00:00Z"));
        // 1.1: not classes.
        Empty("_dummy");
        Empty("_EventDimension");
        Add("agendaJobs", d => d.ObjectId("_id", "000000000000000000000007").Text("name", "x"));
        Add("system.js", d => d.Text("_id", "f").Raw("value", BsonType.Code, 2, 0, 0, 0, (byte)'x', 0));
        // 1.11
        Add("fs.files", d => d.ObjectId("_id", "000000000000000000000008").Int("length", 3).Int("chunkSize", 261_120).Date("uploadDate", "2016-05-01T00:00:00Z").Text("filename", "0a1b_photo.png"));
        Add("fs.chunks", d => d.ObjectId("_id", "000000000000000000000009").ObjectId("files_id", "000000000000000000000008").Int("n", 0).Binary("data", 0, 1, 2, 3));
    }
}
