using System.Text.Json;
using Backend.MongoImport.Checking;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Tests.Extended;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Checking;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class CheckTests
{
    private const string Time = "\"_created_at\":{\"$date\":\"2020-01-01T00:00:00Z\"},\"_updated_at\":{\"$date\":\"2020-01-01T00:00:00Z\"}";

    [Test]
    public async Task A_source_in_order_leaves_nothing_to_decide()
    {
        using var folder = Given.Folder();
        Write(folder, "_SCHEMA", """{"_id":"Game","score":"number","owner":"*_User"}""");
        Write(folder, "_User", $$"""{"_id":"u1","username":"ann","_hashed_password":"$2y$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",{{Time}}}""");
        Write(folder, "Game", $$"""{"_id":"g1","score":1,"_p_owner":"_User$u1",{{Time}}}""");
        var report = await CheckAsync(folder.Path);
        Assert.That(report.ExitCode, Is.Zero, string.Join('\n', report.Findings));
        var text = new StringWriter();
        CheckText.Write(report, text);
        Assert.That(text.ToString(), Does.Contain("VERDICT: everything can be imported, and nothing is to be decided").And.Contains("score double precision").And.Contains("Int32 1").And.Contains("An import will take about"));
    }

    [Test]
    public async Task Everything_that_an_operator_should_look_at_is_found_with_ids()
    {
        using var folder = Given.Folder();
        Everything(folder);
        var report = await CheckAsync(folder.Path);
        var found = report.Findings.Select(f => $"{f.Weight} {f.Kind} {f.Subject} {f.Count} [{string.Join(' ', f.Examples)}]").ToList();
        string[] expected =
        [
            "Fix undecodable Game 1 []",
            "Decide other-type Game.score 2 [g2 g3]",
            "Decide date-out-of-range Game.at 1 [g3]",
            "Decide not-finite Game.score 1 [g4]",
            "Decide nul-or-surrogate Game.name 1 [g4]",
            "Decide too-long-for-index Game.name 1 [g5]",
            "Decide no-field-name Game.a blank 1 [g2]",
            "Decide other-class Game.owner 1 [g4]",
            "Decide id Game._id 1 [7]",
            "Decide duplicate-id Game 1 [g1]",
            "Decide dangling Game.owner 1 [g2]",
            "Decide dangling Game.list (inside) 1 [g2]",
            "Decide dangling-membership Game.fans 1 [g1 -> gone]",
            "Decide dangling-membership Game.fans 1 [lost -> u1]",
            "Know duplicate-membership Game.fans 1 [g1 -> u1]",
            "Decide incomplete-membership Game.fans 1 []",
            "Decide duplicate-username _User.username 1 [u1 u2]",
            "Decide case-username _User.username 1 [u1 u2 u3]",
            "Decide duplicate-email _User.email 1 [u1 u2]",
            "Decide duplicate-identity _User.authData 1 [u1 u2]",
            "Decide password-hash _User 1 [u2]",
            "Decide duplicate-name _Role.name 1 [r1 r2]",
            "Decide duplicate-session-token _Session.sessionToken 1 [s1 s2]",
            "Know expired-session _Session 1 [s2]",
            "Know session-without-user _Session 1 [s3]",
            "Know session-without-user _Session.user 1 [s1]",
            "Know session-without-token _Session 1 [s3]",
            "Decide legacy-rights Game 1 [g3]",
            "Know null Game.name 1 [g2]",
            "Decide file-missing Game 1 [g2]",
            "Know file-unnamed  1 [unnamed.txt]",
            "Know file-older  1 []",
            "Know field-not-in-schema Game 3 []",
            "Know not-in-schema Odd 0 []",
            "Know name Game.userId 0 []",
            "Know name Game.created_at 0 []",
            "Know not-imported agendaJobs 1 []",
        ];
        Assert.That(expected.Except(found), Is.Empty, string.Join('\n', found));
        Assert.That(report.ExitCode, Is.EqualTo(2));
        Assert.That(report.Findings[0].Weight, Is.EqualTo(Weight.Fix));
        Assert.That(report.Findings.Where(f => f.Kind == "other-type").Select(f => f.Text), Has.All.Contains("String 1").And.All.Contains("Number"));

        using var json = new MemoryStream();
        CheckJson.Write(report, json);
        json.Position = 0;
        using var document = await JsonDocument.ParseAsync(json);
        var score = document.RootElement.GetProperty("classes").GetProperty("Game").GetProperty("fields").EnumerateArray().First(f => f.GetProperty("name").GetString() == "score");
        Assert.That(score.GetProperty("becomes").GetString(), Is.EqualTo("score double precision"));
        Assert.That(score.GetProperty("types").EnumerateArray().Select(t => $"{t.GetProperty("type")} {t.GetProperty("count")} {t.GetProperty("examples")[0]}"), Is.EquivalentTo(new[] { "Int32 3 g1", "String 1 g2", "Bool 1 g3", "Double 1 g4" }));
        Assert.That(document.RootElement.GetProperty("exitCode").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public async Task What_check_says_of_a_dump_is_what_its_import_does()
    {
        await using var target = await Target.CreateAsync();
        var before = await target.LinesAsync();
        var check = await CheckAsync(Given.File("samples", "game"), connection: target.Database.ConnectionString);
        Assert.That(await target.LinesAsync(), Is.EqualTo(before), "a check writes nothing");
        await IsWhatHappensAsync(check, await target.ImportAsync(Given.File("samples", "game")), target);
        // Now that the classes are there: what has been written to since would be left alone.
        await target.Database.ExecuteAsync("insert into app.game_score (id, created_at, updated_at) values ('x', now(), now())");
        var again = await CheckAsync(Given.File("samples", "game"), connection: target.Database.ConnectionString);
        Assert.That(again.Open(Weight.Fix).Where(f => f.Kind == "left-alone").Select(f => f.Class), Is.EqualTo(new[] { "GameScore" }));
        Assert.That(again.Classes.Single(c => c.Name == "GameScore").Table.Relation, Is.EqualTo("game_score"));
        Assert.That(again.Server, Does.Contain("PostgreSQL").And.Contains("PostGIS"));
    }

    [Test]
    public async Task What_check_says_of_every_form_and_pitfall_is_what_an_import_does()
    {
        using var folder = Given.Folder();
        ExtendedDump.Instance.Write(folder);
        await using var target = await Target.CreateAsync();
        await IsWhatHappensAsync(await CheckAsync(folder.Path), await target.ImportAsync(folder.Path), target);
    }

    [Test]
    public async Task Rules_show_in_a_check_as_they_do_in_an_import()
    {
        using var folder = Given.Folder();
        Everything(folder);
        var report = await CheckAsync(folder.Path, RulesReader.Read("""
            {"classes": {
                "Game": {"rename": "Match", "duplicates": "first-wins", "fields": {
                    "score": {"type": "String"}, "at": {"skip": true}, "name": {"accept": true}, "owner": {"rename": "player", "accept": true}, "fans": {"target": "Odd"}, "nobody": {"skip": false}}},
                "_Role": {"accept": true, "fields": {"name": {"keeps": "first-created"}}},
                "_User": {"fields": {"username": {"keeps": ["u2"]}}},
                "_Session": {"skip": true}
            }, "files": {"accept": true, "skip": true}}
            """));
        var match = report.Classes.Single(c => c.Name == "Match");
        Assert.That(match.Table.Relation, Is.EqualTo("match"));
        Assert.That(match.Table.Fields.Select(f => $"{f.Name} {ColumnText.TypeName(f)}"), Is.SupersetOf(new[] { "score String", "player Pointer<_User>", "fans Relation<Odd>" }).And.None.StartsWith("at "));
        Assert.That(report.Classes.Select(c => c.Name), Has.None.EqualTo("Game").And.None.EqualTo("_Session"));
        var found = report.Findings.Select(f => $"{f.Weight}{(f.Accepted ? " accepted" : "")} {f.Kind} {f.Subject} {f.Count}").ToList();
        Assert.That(found, Is.SupersetOf(new[]
        {
            "Decide other-type Match.score 5",
            "Decide accepted too-long-for-index Match.name 1",
            "Decide accepted dangling Match.player 1",
            "Decide accepted duplicate-name _Role.name 1",
            "Decide accepted file-missing Match 1",
            "Know skipped Game.at 2",
            "Know not-imported _Session 3",
            "Decide dangling-membership Match.fans 4",
            "Decide idle-rule  0",
            "Know file-skipped  2",
        }), string.Join('\n', found));
        Assert.That(report.Findings.Single(f => f.Kind == "duplicate-id").Text, Does.Contain("first read"));
        Assert.That(report.Findings.Single(f => f.Kind == "duplicate-name").Text, Does.Contain("by rule the first-created"));
        Assert.That(report.Findings.Single(f => f.Kind == "duplicate-username").Text, Does.Contain("by rule u2"));
        Assert.That(report.Findings.Select(f => f.Kind), Has.None.EqualTo("date-out-of-range").And.None.EqualTo("file-unnamed"));
        var text = new StringWriter();
        CheckText.Write(report, text);
        Assert.That(text.ToString(), Does.Contain("Accepted by rule:"));
    }

    [Test]
    public async Task A_damaged_collection_is_to_be_put_right_and_the_others_are_checked()
    {
        using var folder = Given.Folder();
        var sample = Given.Bytes("mongo-tools", "sample.bson");
        folder.Write("Good.bson", sample);
        folder.Write("Bad.bson", [.. sample, .. sample[..50]]);
        var report = await CheckAsync(folder.Path);
        Assert.That(report.Open(Weight.Fix).Select(f => (f.Kind, f.Class)), Is.EqualTo(new[] { ("damaged", "Bad") }));
        Assert.That(report.Classes.Single().Documents, Is.EqualTo(4));
    }

    [TestCase("--report")]
    [TestCase("--nothing")]
    public void Arguments_that_say_nothing_are_refused(string argument) =>
        Assert.That(() => CheckOptions.Parse(["dump", argument]), Throws.TypeOf<ArgumentException>().With.Message.StartsWith(argument));

    private static async Task IsWhatHappensAsync(CheckReport check, ImportReport import, Target target)
    {
        Assert.That(check.Classes.Select(c => c.Name), Is.EquivalentTo(import.Classes.Select(c => c.Name)));
        foreach (var done in import.Classes)
        {
            var said = check.Classes.Single(c => c.Name == done.Name);
            long Found(string kind) => check.Findings.Where(f => f.Class == done.Name && f.Kind == kind).Sum(f => f.Count);
            Assert.That(said.Documents, Is.EqualTo(done.Read), done.Name);
            Assert.That("app." + said.Table.Relation, Is.EqualTo(done.Table));
            Assert.That(Rest(said.InRest.Select(r => (r.Key.Key, r.Key.Reason, r.Value.Count))), Is.EqualTo(Rest(done.InRest.Select(r => (r.Key.Key, r.Key.Reason, r.Value)))), done.Name);
            Assert.That((said.LegacyRights.Count, said.WithoutTimes.Count, said.DuplicateKeys), Is.EqualTo((done.LegacyRights, done.WithoutTimes, done.DuplicateKeys)), done.Name);
            var columns = await target.Get<string>($"select string_agg(f.name || ' ' || f.kind || ' ' || coalesce(f.column_name, ''), ', ' order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = '{done.Name}'");
            Assert.That(string.Join(", ", said.Table.Fields.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Name} {f.Kind} {f.Column}")), Is.EqualTo(columns ?? ""), done.Name);
            Assert.That(Found("duplicate-id"), Is.EqualTo(done.Duplicates), done.Name);
            foreach (var (what, count) in done.Marked)
            {
                Assert.That(Found(what == "token" ? "duplicate-session-token" : "duplicate-" + what), Is.EqualTo(count), $"{done.Name}.{what}");
            }
            foreach (var (field, count) in done.Dangling)
            {
                Assert.That(check.Findings.Where(f => f.Class == done.Name && f.Field == field && f.Kind is "dangling" or "session-without-user").Sum(f => f.Count), Is.GreaterThanOrEqualTo(count), $"{done.Name}.{field}");
            }
            foreach (var (field, join) in done.Joins)
            {
                Assert.That((said.Joins[field].Rows, said.Joins[field].Incomplete), Is.EqualTo((join.Read, join.Incomplete)), $"{done.Name}.{field}");
            }
        }

        static IEnumerable<string> Rest(IEnumerable<(string Key, Reason Reason, long Count)> values) =>
            values.Select(v => (v.Key, Reason: v.Reason is Reason.NoColumn or Reason.Null ? "" : v.Reason.ToString(), v.Count)).GroupBy(v => (v.Key, v.Reason))
                .Select(g => $"{g.Key.Key} {g.Key.Reason} {g.Sum(v => v.Count)}").Order(StringComparer.Ordinal);
    }

    private static async Task<CheckReport> CheckAsync(string source, ImportRules? rules = null, string? connection = null)
    {
        using var temporary = Given.Folder();
        using var progress = new Progress(TextWriter.Null, terminal: false);
        var report = await new Checker(new CheckOptions(source) { Rules = rules ?? ImportRules.None, Connection = connection, Temporary = temporary.Path }, progress, TimeProvider.System).RunAsync(default);
        Assert.That(Directory.GetFiles(temporary.Path), Is.Empty, "nothing is left behind");
        return report;
    }

    private static void Write(TemporaryFolder folder, string name, string lines) => folder.Write(name + ".bson", Given.Bson(lines));

    private static void Everything(TemporaryFolder folder)
    {
        Write(folder, "_SCHEMA", """
            {"_id":"Game","score":"number","at":"date","name":"string","owner":"*_User","fans":"relation<_User>","photo":"file","list":"array","userID":"string"}
            {"_id":"_User"}
            {"_id":"_Session"}
            {"_id":"_Role"}
            """);
        var games = Given.Bson($$$"""
            {"_id":"g1","score":1,"name":"a","_p_owner":"_User$u1","photo":"there.txt","at":{"$date":"2020-01-01T00:00:00Z"},"userId":"x","created_at":"y",{{{Time}}}}
            {"_id":"g2","score":"high","name":null,"_p_owner":"_User$gone","photo":"gone.txt","a blank":1,"list":[{"__type":"Pointer","className":"Odd","objectId":"gone"}],{{{Time}}}}
            {"_id":"g3","score":true,"at":{"$date":{"$numberLong":"-99999999999999"}},"_acl":{"*":{"r":true}},"extra":1,{{{Time}}}}
            {"_id":"g4","score":{"$numberDouble":"NaN"},"name":"nul\u0000","_p_owner":"Game$g1",{{{Time}}}}
            {"_id":"g5","score":2,"name":"{{{new string('x', 3000)}}}",{{{Time}}}}
            {"_id":7,"score":3,{{{Time}}}}
            {"_id":"g1",{{{Time}}}}
            """);
        byte[] broken = [.. Given.Bson("""{"_id":"g9","x":"y"}""")];
        broken[4] = 0x55;
        folder.Write("Game.bson", [.. games, .. broken]);
        folder.Write("Game.metadata.json", """{"indexes":[{"v":2,"key":{"name":1},"name":"name_1"}]}""");
        Write(folder, "_Join%3Afans%3AGame", """
            {"_id":"1","owningId":"g1","relatedId":"u1"}
            {"_id":"2","owningId":"g1","relatedId":"u1"}
            {"_id":"3","owningId":"g1","relatedId":"gone"}
            {"_id":"4","owningId":"lost","relatedId":"u1"}
            {"_id":"5","owningId":"g1"}
            """);
        Write(folder, "Odd", $$"""{"_id":"o1","a":1,{{Time}}}""");
        Write(folder, "agendaJobs", """{"_id":"1"}""");
        Write(folder, "_User", $$"""
            {"_id":"u1","username":"ann","email":"a@example.com","_auth_data_fb":{"id":"1"} ,{{Time}}}
            {"_id":"u2","username":"ann","email":"a@example.com","_auth_data_fb":{"id":1},"_hashed_password":"d41d8cd98f00b204e9800998ecf8427e",{{Time}}}
            {"_id":"u3","username":"ANN","email":"b@example.com",{{Time}}}
            """);
        Write(folder, "_Role", $$"""
            {"_id":"r1","name":"same",{{Time}}}
            {"_id":"r2","name":"same",{{Time}}}
            """);
        Write(folder, "_Session", $$"""
            {"_id":"s1","_session_token":"r:1","_p_user":"_User$gone","expiresAt":{"$date":"2999-01-01T00:00:00Z"},{{Time}}}
            {"_id":"s2","_session_token":"r:1","_p_user":"_User$u1","expiresAt":{"$date":"2020-01-01T00:00:00Z"},{{Time}}}
            {"_id":"s3","expiresAt":{"$date":"2999-01-01T00:00:00Z"},{{Time}}}
            """);
        Write(folder, "fs.files", """
            {"_id":{"$oid":"56d500000000000000000001"},"filename":"there.txt","length":2,"chunkSize":10,"uploadDate":{"$date":"2020-01-01T00:00:00Z"}}
            {"_id":{"$oid":"56d500000000000000000002"},"filename":"there.txt","length":2,"chunkSize":10,"uploadDate":{"$date":"2020-01-02T00:00:00Z"}}
            {"_id":{"$oid":"56d500000000000000000003"},"filename":"unnamed.txt","length":2,"chunkSize":10,"uploadDate":{"$date":"2020-01-01T00:00:00Z"}}
            """);
        Write(folder, "fs.chunks", """{"_id":"1","files_id":{"$oid":"56d500000000000000000001"},"n":0,"data":{"$binary":{"base64":"aGk=","subType":"00"}}}""");
    }
}
