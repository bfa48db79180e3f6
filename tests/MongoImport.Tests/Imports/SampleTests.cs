using System.Text.Json;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>The sample app (samples/README.md), imported once and looked at from many sides.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class SampleTests
{
    private static readonly string[] NotImported = ["_SCHEMA", "_Idempotency", "fs.files", "fs.chunks", "agendaJobs", "_Join:members:Ghost"];

    private Target _target = null!;
    private ImportReport _report = null!;

    [OneTimeSetUp]
    public async Task ImportAsync()
    {
        _target = await Target.CreateAsync();
        _report = await _target.ImportAsync(Given.File("samples", "game"));
    }

    [OneTimeTearDown]
    public async Task DropAsync() => await _target.DisposeAsync();

    [Test]
    public void Every_document_of_every_class_is_imported()
    {
        Assert.That(_report.Classes.Select(c => (c.Name, c.State, c.Message)), Has.All.Matches<(string, ClassState State, string?)>(c => c.State == ClassState.Imported));
        var expected = Samples.Counts.Where(c => !NotImported.Contains(c.Key) && !c.Key.StartsWith("_Join:", StringComparison.Ordinal)).ToDictionary();
        expected["Ghost"] = 0;
        Assert.That(_report.Classes.ToDictionary(c => c.Name, c => (int)c.Imported), Is.EquivalentTo(expected));
        Assert.That(_report.Rejected, Is.Zero);
        Assert.That(_report.ExitCode, Is.Zero);
    }

    [Test]
    public void What_is_no_class_is_named_with_the_reason_and_files_are_in_the_store()
    {
        Assert.That(_report.Ignored.Select(i => i.Name), Is.EquivalentTo(NotImported.Except(["_SCHEMA", "fs.files", "fs.chunks"])));
        Assert.That((_report.Files!.Found, _report.Files.Imported), Is.EqualTo((2L, 2L)));
    }

    [Test]
    public async Task Well_formed_rows_have_nothing_in_rest()
    {
        Assert.That(await _target.Get<long>("select count(*) from app.game_score where rest is not null"), Is.Zero);
        Assert.That(await _target.Get<double>("select sum(score) from app.game_score"), Is.EqualTo(239_050));
        Assert.That(await _target.Get<long>("select count(*) from app.game_score where tags @> '[\"fast\"]'"), Is.EqualTo(50));
        Assert.That(await _target.Get<long>("select count(level) from app.game_score"), Is.EqualTo(75));
        Assert.That(await _target.Get<string>("select string_agg(convert_from(seed, 'UTF8'), ',' order by id) from app.game_score where id < 'gs00000010'"), Is.EqualTo("seed-0,seed-6"));
        Assert.That(await _target.Get<string>("select st_asewkt(location) from app.game_score where id = 'gs00000000'"), Is.EqualTo("SRID=4326;POINT(13.3777 52.5163)"));
    }

    [Test]
    public async Task Rights_come_from_the_lists_and_from_the_legacy_document_when_both_lists_are_missing()
    {
        Assert.That(await _target.Get<long>("select count(*) from app.game_score where public_read"), Is.EqualTo(82));
        Assert.That(await _target.Get<long>("select count(*) from app.game_score where public_read or acl_read && array['uAnn000001', 'role:Administrators', 'role:Moderators', 'role:Members']"), Is.EqualTo(87));
        Assert.That(await _target.Get<string[]>("select acl_read from app.odd_rights where id = 'or00000000'"), Is.EqualTo(new[] { "*", "uAnn000001" }));
        Assert.That(await _target.Get<string[]>("select acl_write from app.odd_rights where id = 'or00000002'"), Is.Null);
        Assert.That(await _target.Get<string[]>("select acl_read from app.odd_rights where id = 'or00000004'"), Is.EqualTo(new[] { "uBen000002" }));
        Assert.That(await _target.Get<bool>("select public_read from app.odd_rights where id = 'or00000005'"), Is.True);
    }

    [Test]
    public async Task Users_keep_hashes_and_tokens()
    {
        Assert.That(await _target.Get<string>("select password_hash from app.users where username = 'ann'"), Is.EqualTo("$2a$10$SampleSalt00ForTests.uVQH7VtJQCSrfK973zHo6J6unHtXeOrW"));
        Assert.That(await _target.Get<string>("select legacy_session_token from app.users where id = 'uGus000008'"), Is.EqualTo("legacyGus0000000000000008"));
        Assert.That(await _target.Get<string>("select email_verify_token from app.users where id = 'uCat000003'"), Is.EqualTo("verifyCat0000000000000003"));
        Assert.That(await _target.Get<string>("select reset_token from app.users where id = 'uOla000011'"), Is.EqualTo("resetOla00000000000000011"));
        Assert.That(await _target.Get<int>("select failed_login_count from app.users where id = 'uOla000011'"), Is.EqualTo(5));
        Assert.That(await _target.Get<int>("select cardinality(password_history) from app.users where id = 'uOla000011'"), Is.EqualTo(1));
        Assert.That(await _target.Get<string>("select token from app.sessions where id = 'sAnn000001'"), Is.EqualTo("r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01"));
        Assert.That(await _target.Get<string[]>("select acl_read from app.sessions where id = 'sAnn000001'"), Is.EqualTo(new[] { "uAnn000001" }));
    }

    [Test]
    public async Task Exact_duplicates_are_marked_and_all_rows_kept()
    {
        Assert.That(await _target.Get<string[]>("select array_agg(username_duplicate || ' ' || id order by id) from app.users where username = 'dan'"), Is.EqualTo(new[] { "false uDan000004", "true uDan000005" }).Or.EqualTo(new[] { "true uDan000004", "false uDan000005" }));
        Assert.That(await _target.Get<long>("select count(*) from app.users where username_duplicate or email_duplicate"), Is.EqualTo(2));
        Assert.That(await _target.Get<long>("select count(*) from app.sessions where token_duplicate"), Is.EqualTo(1));
        Assert.That(await _target.Get<string[]>("select array_agg(subject || ' ' || duplicate order by user_id) from app.identities where provider = 'facebook'"), Is.EqualTo(new[] { "100042 false", "100042 true" }));
        Assert.That(await _target.Get<long>("select count(*) from app.users where auth_data is not null"), Is.EqualTo(3));
    }

    [Test]
    public async Task A_session_whose_user_is_gone_keeps_its_pointer_in_rest()
    {
        Assert.That(await _target.Get<string>("select rest::text from app.sessions where id = 'sGone00008' and user_id is null"), Is.EqualTo("""{"user": {"$reference": ["_User", "uGone00099"]}}"""));
        Assert.That(await _target.Get<long>("select count(*) from app.sessions"), Is.EqualTo(13));
    }

    [Test]
    public async Task Join_rows_keep_their_order_and_lose_only_repetitions_and_halves()
    {
        Assert.That(await _target.Get<string>("select string_agg(related_id, ' ' order by seq) from app.roles_users where owning_id = 'rMembr0003'"), Is.EqualTo("uCat000003 uIda000012 uGone00099"));
        var users = _report.Classes.Single(c => c.Name == "_Role").Joins["users"];
        Assert.That((users.Read, users.Imported, users.Duplicates, users.Incomplete, users.Dangling), Is.EqualTo((8L, 6L, 1L, 1L, 1L)));
        await _target.Database.ExecuteAsync("begin; insert into app.post_likes (owning_id, related_id) values ('po00000000', 'someone new'); rollback");
        Assert.That(await _target.Get<string>("select target from catalog.fields where name = 'gone'"), Is.EqualTo("_User"), "a relation that no schema knows leads where its rows are");
    }

    [TestCase("mixed", "mx00000001", """{"number": "12"}""")]
    [TestCase("mixed", "mx00000015", """{"owner": {"$reference": ["GameScore", "gs00000001"]}}""")]
    [TestCase("mixed", "mx00000017", """{"_p_owner": "uAnn000001"}""")]
    [TestCase("nulls", "nu00000000", null)]
    [TestCase("numbers", "no00000002", """{"number": {"$number": "-Infinity"}}""")]
    [TestCase("numbers", "no00000007", """{"number": {"$number": "9007199254740993"}}""")]
    [TestCase("numbers", "no00000010", null)]
    [TestCase("texts", "tx00000000", """{"map": {"$json": "{\"a\":\"x\\u0000\"}"}, "list": {"$json": "[\"\\u0000\"]"}, "text": {"$json": "\"a\\u0000b\""}}""")]
    [TestCase("texts", "tx00000002", """{"text": {"$json": "\"\\ude00\""}}""")]
    [TestCase("texts", "tx00000003", null)]
    [TestCase("texts", "tx00000004", """{"text": {"$foreign": [2, "CAAAAGN1dCDwn5gA"]}}""")]
    [TestCase("dates", "da00000001", null)]
    [TestCase("dates", "da00000004", """{"when": {"$date": 253402300800000}}""")]
    [TestCase("dates", "da00000008", """{"when": {"$date": 9223372036854775807}}""")]
    [TestCase("places", "pl00000003", null)]
    [TestCase("places", "pl00000005", """{"area": null, "point": null}""")]
    [TestCase("places", "pl00000010", """{"point": {"$point": [{"$number": "NaN"}, {"$number": "Infinity"}]}}""")]
    [TestCase("places", "pl00000012", null)]
    [TestCase("places", "pl00000013", """{"area": {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1]]]}}""")]
    [TestCase("media", "me00000002", null)]
    [TestCase("media", "me00000005", null)]
    [TestCase("media", "me00000006", """{"data": "not base64!"}""")]
    [TestCase("types", "ty00000000", null)]
    [TestCase("types", "ty00000001", """{"odd": {"$foreign": [11, "XmEuKgBpAA=="]}}""")]
    [TestCase("keys", "ke00000007", """{"first.level": 1}""")]
    [TestCase("ids", "42", """{"_id": 42}""")]
    [TestCase("ids", "idNoTimes1", """{"_missing": ["_created_at", "_updated_at"]}""")]
    public async Task A_value_that_its_column_cannot_hold_stands_in_rest(string relation, string id, string? rest) =>
        Assert.That(await _target.Get<string>($"select rest::text from app.{relation} where id = '{id}'"), Is.EqualTo(rest));

    [Test]
    public async Task What_json_cannot_say_is_shown_as_the_old_server_showed_it_and_kept_as_it_was()
    {
        Assert.That(await _target.Get<string>("select list::text || map::text from app.numbers where id = 'no00000000'"), Is.EqualTo("""[null]{"a": null}"""));
        Assert.That(await _target.Get<string>("select rest ->> '_list' from app.numbers where id = 'no00000000'"), Is.EqualTo("""{"$foreign": [4, "EAAAAAEwAAAAAAAAAPh/AA=="]}"""));
        Assert.That(await _target.Get<string>("select map ->> 'r' || ' ' || (map -> 'b' ->> 'base64') from app.types where id = 'ty00000010'"), Is.EqualTo("/a/ bmVzdGVk"));
        Assert.That(await _target.Get<long>("select count(*) from app.keys where id = 'ke00000013' and map is not null and rest is null"), Is.EqualTo(1), "a hundred levels");
    }

    [Test]
    public async Task Every_value_is_either_in_its_column_or_in_rest()
    {
        // Of the class of mixed types: each row has one value besides `what`.
        var lost = await _target.Get<long>("""
            select count(*) from app.mixed where id <> 'mx00000000'
            and num_nonnulls(number, text, flag, "when", list, map, owner, extra) + (select count(*) from jsonb_object_keys(coalesce(rest, '{}'))) <> 1
            """);
        Assert.That(lost, Is.Zero);
    }

    [Test]
    public async Task Nested_values_take_the_forms_of_the_rest_api()
    {
        var map = (await _target.Row("dates", "da00000009")).GetProperty("map");
        Assert.That(JsonSerializer.Serialize(map), Is.EqualTo("""{"a":{"iso":"1970-01-01T00:00:00.000Z","__type":"Date"},"b":{"iso":"2016-05-01T00:00:00.000Z","__type":"Date"},"c":{"iso":"1970-01-01T00:00:00.001Z","__type":"Date"}}"""));
        Assert.That((await _target.Row("keys", "ke00000004")).GetProperty("map").GetProperty("dup").GetInt32(), Is.EqualTo(2), "of equal keys the last wins");
    }

    [Test]
    public async Task Types_of_fields_that_the_schema_lacks_are_inferred()
    {
        var kinds = await _target.Get<string[]>("select array_agg(f.name || ' ' || f.kind order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Unlisted'");
        Assert.That(kinds, Is.EqualTo(new[] { "always Number", "born Timestamp", "detail Object", "either Number", "gone Relation", "late Text", "owner Reference", "parts Array", "word Text", "yes Boolean" }));
    }

    [Test]
    public async Task Class_permissions_defaults_and_required_fields_come_along()
    {
        Assert.That(await _target.Get<string>("select permissions -> 'count' ->> 'public' from catalog.tables where origin = 'OldNews'"), Is.EqualTo("true"), "count follows find");
        Assert.That(await _target.Get<string>("select permissions -> 'find' ->> 'public' from catalog.tables where origin = 'Vault'"), Is.EqualTo("false"), "present and empty is nobody");
        Assert.That(await _target.Get<string>("select permissions -> 'find' -> 'principals' ->> 0 from catalog.tables where origin = 'StaffNote'"), Is.EqualTo("role:Moderators"));
        Assert.That(await _target.Get<string>("select permissions::text from catalog.tables where origin = 'Comment'"), Is.Null);
        Assert.That(await _target.Get<string>("select string_agg(concat_ws(' ', f.name, f.required, f.default_value), ', ' order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Ticket'"),
            Is.EqualTo("""expiresOn f, paid f false, price t 12, seat t, soldAt f {"$date": 1464775200000}, tags f ["new"]"""));
    }

    [Test]
    public async Task Clients_may_not_list_installations_whatever_the_source_allowed() =>
        Assert.That(await _target.Get<string>("select permissions -> 'find' ->> 'public' from catalog.tables where origin = '_Installation'"), Is.Null.Or.EqualTo("false"));

    [TestCase("game_score_player_name_idx", "(player_name NULLS FIRST, public_read) INCLUDE (")]
    [TestCase("game_score_score_player_name_idx", "(score DESC NULLS LAST, player_name NULLS FIRST, public_read)")]
    [TestCase("game_score_stats_kills_idx", "((stats #> ARRAY['kills'::text])) NULLS FIRST, public_read)")]
    [TestCase("game_score_tags_idx", "USING gin (tags jsonb_path_ops)")]
    [TestCase("game_score_location_sphere_idx", "geography")]
    [TestCase("game_score_location_plane_idx", "USING gist (location)")]
    [TestCase("level_order_idx", "UNIQUE")]
    [TestCase("post_title_body_text_idx", "to_tsvector('english'")]
    [TestCase("users_karma_idx", "(karma DESC NULLS LAST, public_read)")]
    public async Task Indexes_of_the_source_are_built(string name, string definition) =>
        Assert.That(await _target.Get<string>($"select indexdef from pg_indexes where schemaname = 'app' and indexname = '{name}'"), Does.Contain(definition));

    [Test]
    public async Task An_index_that_expires_rows_becomes_a_recurring_delete_and_one_that_does_not_translate_is_reported()
    {
        Assert.That(await _target.Get<string>("select relation || ' ' || column_name || ' ' || seconds from jobs.expirations"), Is.EqualTo("ticket expires_on 3600"));
        Assert.That(_report.Classes.Single(c => c.Name == "Keys").Notes, Has.Some.Contains("wildcard"));
        Assert.That(_report.Classes.Single(c => c.Name == "Coupon").Notes, Has.Some.Contains("collation"));
    }

    [Test]
    public async Task Names_that_collide_or_are_too_long_get_relations_and_columns_of_their_own()
    {
        Assert.That(await _target.Get<long>("select count(distinct relation) from catalog.tables"), Is.EqualTo(await _target.Get<long>("select count(*) from catalog.tables")));
        Assert.That(await _target.Get<string>("select relation from catalog.tables where origin = 'users'"), Is.EqualTo("users_1"));
        Assert.That(await _target.Get<long>("select count(distinct column_name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Cases'"), Is.EqualTo(10));
        var row = await _target.Row("cases", "ca00000000");
        Assert.That(row.EnumerateObject().Select(p => p.Value.ToString()), Is.SupersetOf(new[] { "userID", "userId", "userid", "user_id", "USERID", "created_at", "acl_read" }));
    }

    [Test]
    public void Values_in_rest_are_counted_by_key_and_reason()
    {
        var nulls = _report.Classes.Single(c => c.Name == "Nulls").InRest;
        Assert.That(nulls[("number", Reason.Null)], Is.EqualTo(1));
        Assert.That(_report.Classes.Single(c => c.Name == "Numbers").InRest[("number", Reason.NotExact)], Is.EqualTo(3));
        Assert.That(_report.Classes.Single(c => c.Name == "Comment").Dangling["post"], Is.EqualTo(2));
    }

    [Test]
    public void The_report_is_json_too()
    {
        using var json = new MemoryStream();
        ReportJson.Write(_report, json);
        var root = JsonDocument.Parse(json.ToArray()).RootElement;
        Assert.That(root.GetProperty("classes").GetProperty("GameScore").GetProperty("imported").GetInt64(), Is.EqualTo(100));
        Assert.That(root.GetProperty("classes").GetProperty("_Role").GetProperty("relations").GetProperty("users").GetProperty("incomplete").GetInt64(), Is.EqualTo(1));
        var text = new StringWriter();
        ReportText.Write(_report, text);
        Assert.That(text.ToString(), Does.Contain("GameScore").And.Contains("in rest"));
    }
}
