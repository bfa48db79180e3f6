using Backend.MongoImport.Commands;
using Backend.MongoImport.Following;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Verifying;

namespace Backend.MongoImport.Tests.Verifying;

/// <summary>A comparison finds nothing where nothing is wrong, and each kind of difference where one is.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class VerifyTests
{
    [Test]
    public async Task The_sample_app_has_no_difference_that_nothing_explains_and_the_catalog_remembers_that()
    {
        await using var target = await Target.CreateAsync();
        var folder = Given.File("samples", "game");
        await target.ImportAsync(folder);
        var report = await target.VerifyAsync(folder);
        Assert.That(Unexplained(report), Is.Empty);
        Assert.That((report.ExitCode, report.IsComplete), Is.EqualTo((Command.Done, true)));
        Assert.That(report.Classes.Sum(c => c.Rows.Documents), Is.EqualTo(report.Classes.Sum(c => c.TableRows)));
        Assert.That(await target.Get<string>("select complete || ' ' || unexplained || ' ' || (tables -> 'GameScore' ->> 'equal') || ' ' || length(tables -> 'GameScore' ->> 'hash') from catalog.verifications"),
            Is.EqualTo("true 0 100 32"));

        var only = await target.VerifyAsync(folder, o => o with { Only = ["GameScore"] });
        Assert.That((only.Classes.Single().Name, only.IsComplete, only.ExitCode), Is.EqualTo(("GameScore", false, Command.Done)));
    }

    [Test]
    public async Task Whatever_is_changed_afterwards_is_found_and_named()
    {
        await using var target = await Target.CreateAsync();
        var folder = Given.File("samples", "game");
        await target.ImportAsync(folder);
        await target.Database.ExecuteAsync("""
            update app.game_score set score = score + 1 where id = 'gs00000001';
            update app.game_score set stats = jsonb_set(stats, '{kills}', '-1') where id = 'gs00000002';
            update app.game_score set acl_read = '{*,nobody}' where id = 'gs00000003';
            update app.game_score set location = st_setsrid(st_point(1, 2), 4326) where id = 'gs00000000';
            update app.game_score set updated_at = updated_at + interval '1 ms' where id = 'gs00000004';
            delete from app.game_score where id = 'gs00000005';
            insert into app.game_score (id, created_at, updated_at) values ('gsNew', now(), now());
            update app.game_score set rest = '{"extra": 1}' where id = 'gs00000006';
            update app.users set password_hash = password_hash || 'x' where id = 'uAnn000001';
            update app.users set auth_data = '{"anonymous": {"id": "other"}}' where id = 'uAnon00015';
            update app.sessions set token = 'r:other' where id = 'sAnn000001';
            update app.mixed set rest = null where id = 'mx00000001';
            update app.global_config set params = '{}';
            delete from app.roles_users where related_id = 'uCat000003';
            insert into app.roles_users (owning_id, related_id) values ('rMembr0003', 'uEve000006');
            update catalog.tables set permissions = null where origin = 'Vault';
            update catalog.fields set default_value = '13' where name = 'price';
            update catalog.fields set target = 'Level' where name = 'post' and kind = 'Reference';
            update catalog.state set version = version + 1;
            """);
        var report = await target.VerifyAsync(folder);
        Assert.That(report.ExitCode, Is.EqualTo(Command.LookAtIt));
        var found = Unexplained(report);
        Assert.That(found, Is.SupersetOf(new[]
        {
            "Value GameScore gs00000001 score",
            "Value GameScore gs00000002 stats",
            "Value GameScore gs00000003 _rperm",
            "Value GameScore gs00000000 location",
            "Value GameScore gs00000004 _updated_at",
            "NoRow GameScore gs00000005 ",
            "NoDocument GameScore gsNew ",
            "Value GameScore gs00000006 extra",
            "Value _User uAnn000001 _hashed_password",
            "Value _User uAnon00015 _auth_data_anonymous",
            "Value _Session sAnn000001 sessionToken",
            "Value Mixed mx00000001 number",
            "Value _GlobalConfig 1 params",
            "NoLink _Role rMembr0003 -> uCat000003 users",
            "NoPair _Role rMembr0003 -> uEve000006 users",
            "Schema Vault  class_permissions",
            "Schema Ticket  price.defaultValue",
            "Schema Comment  post",
        }));
        Assert.That(found.Where(f => f.StartsWith("Value GameScore", StringComparison.Ordinal)).Count(), Is.LessThanOrEqualTo(7), "nothing else of these rows differs");
        var all = report.Classes.SelectMany(c => c.Differences.Kept).ToList();
        Assert.That(all.Where(d => d.Id is "gs00000001" or "gsNew").Select(d => d.WrittenAfterImport), Is.All.True);
        Assert.That(all.Single(d => d is { Id: "gs00000001", Field: "score" }), Has.Property(nameof(Difference.Source)).Not.EqualTo(all.Single(d => d is { Id: "gs00000001", Field: "score" }).Row));
        Assert.That(all.Where(d => d.Field == "_hashed_password").Select(d => d.Source), Is.All.EqualTo("(secret)"));

        using var folderOfFile = Given.Folder();
        var file = Path.Combine(folderOfFile.Path, "differences.jsonl");
        DifferenceFile.Write(file, report);
        Assert.That(await File.ReadAllLinesAsync(file), Has.Length.EqualTo(all.Count).And.Some.Contains("\"kind\":\"no-row\",\"class\":\"GameScore\",\"id\":\"gs00000005\""));
        var text = new StringWriter();
        report.WriteText(text);
        Assert.That(text.ToString(), Does.Contain("gs00000001, score: source 2919, here 2920").And.Contain("(written after the import)"));

        var allowed = await target.VerifyAsync(folder, o => o with { AllowWrites = true, Only = ["GameScore"] });
        Assert.That(Unexplained(allowed), Is.EqualTo(new[] { "NoRow GameScore gs00000005 " }), "a row that is gone was not written");
        Assert.That(allowed.Classes.Single().Rules[Rule.WrittenAfterImport], Is.EqualTo(7));
    }

    [Test]
    public async Task Of_documents_with_one_id_the_row_is_one_and_the_others_are_listed_under_their_rule()
    {
        using var folder = Given.Folder();
        folder.Write("Thing.bson", Doc.Documents(
            d => d.Text("_id", "a").Int("n", 1).Times(),
            d => d.Text("_id", "a").Int("n", 2).Times(),
            d => d.Text("_id", "b").Int("n", 3).Times()));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        var report = await target.VerifyAsync(folder.Path);
        Assert.That(Unexplained(report), Is.Empty);
        Assert.That(report.Classes.Single().Rules[Rule.DuplicateId], Is.EqualTo(1));

        await target.Database.ExecuteAsync("update app.thing set n = 1 where id = 'a'");
        Assert.That(Unexplained(await target.VerifyAsync(folder.Path)), Is.EqualTo(new[] { "Value Thing a n" }), "the first is not the one that counts");
    }

    [Test]
    public async Task An_expired_session_that_was_removed_is_no_difference_and_one_that_has_not_expired_is()
    {
        using var folder = Given.Folder();
        folder.Write("_Session.bson", Doc.Documents(
            d => d.Text("_id", "old").Text("_session_token", "r:1").Text("_p_user", "_User$u").Date("expiresAt", 1_500_000_000_000).Times(),
            d => d.Text("_id", "new").Text("_session_token", "r:2").Text("_p_user", "_User$u").Date("expiresAt", 4_000_000_000_000).Times()));
        folder.Write("_User.bson", Doc.Documents(d => d.Text("_id", "u").Text("username", "u").Times()));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        await target.Database.ExecuteAsync("delete from app.sessions");
        var report = await target.VerifyAsync(folder.Path);
        Assert.That(Unexplained(report), Is.EqualTo(new[] { "NoRow _Session new " }));
        Assert.That(report.Classes.Single(c => c.Name == "_Session").Rules[Rule.ExpiredSession], Is.EqualTo(1));
    }

    [Test]
    public async Task A_document_that_cannot_be_decoded_is_counted_and_a_damaged_collection_fails_its_class_alone()
    {
        using var folder = Given.Folder();
        var broken = Doc.Document(d => d.Text("_id", "x").Int("n", 1));
        broken[4] = 0x42;
        folder.Write("Thing.bson", [.. Doc.Documents(d => d.Text("_id", "a").Int("n", 1).Times()), .. broken]);
        var good = Doc.Documents(d => d.Text("_id", "a").Int("n", 1).Times());
        folder.Write("Other.bson", good);
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        var report = await target.VerifyAsync(folder.Path);
        Assert.That(Unexplained(report), Is.Empty);
        Assert.That(report.Classes.Single(c => c.Name == "Thing").Rules[Rule.Rejected], Is.EqualTo(1));

        folder.Write("Other.bson", good[..^3]);
        report = await target.VerifyAsync(folder.Path);
        Assert.That((report.ExitCode, report.IsComplete), Is.EqualTo((Command.Failed, false)));
        Assert.That(report.Classes.Where(c => c.Failure is not null).Select(c => c.Name), Is.EqualTo(new[] { "Other" }));
    }

    [Test]
    public async Task What_a_follower_has_changed_meanwhile_is_listed_under_its_rule()
    {
        using var folder = Given.Folder();
        folder.Write("Thing.bson", Doc.Documents(d => d.Text("_id", "a").Int("n", 1).Times(), d => d.Text("_id", "b").Int("n", 2).Times()));
        folder.Write("_Join%3Alinks%3AThing.bson", Doc.Documents(
            d => d.Text("_id", "l1").Text("owningId", "a").Text("relatedId", "b"),
            d => d.Text("_id", "l2").Text("owningId", "b").Text("relatedId", "a")));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        // Another row and another link of each kind were changed before the comparison began: nothing explains these.
        var (gone, come) = (Convert.ToHexStringLower(LinkFollower.IdOf(Doc.Document(d => d.Text("_id", "l1")))), Convert.ToHexStringLower(LinkFollower.IdOf(Doc.Document(d => d.Text("_id", "l3")))));
        await target.Database.ExecuteAsync($"""
            insert into catalog.follow (source, prefix, state, position) values ('here', '', 'following', '');
            update app.thing set n = 7;
            delete from app.thing_links;
            insert into app.thing_links (owning_id, related_id) values ('a', 'a'), ('b', 'b');
            insert into catalog.follow_links (relation, document, owning_id, related_id) values ('thing_links', decode('{come}', 'hex'), 'a', 'a');
            insert into catalog.follow_changes (origin, id, changed_at) values
                ('Thing', 'a', now() + interval '1 hour'), ('Thing', 'b', now() - interval '1 hour'),
                ('_Join:links:Thing', '{gone}', now() + interval '1 hour'), ('_Join:links:Thing', '{come}', now() + interval '1 hour');
            """);
        var report = await target.VerifyAsync(folder.Path, o => o with { Patience = TimeSpan.FromSeconds(1) });
        Assert.That(Unexplained(report), Is.EquivalentTo(new[] { "Value Thing b n", "NoLink Thing b -> a links", "NoPair Thing b -> b links" }));
        Assert.That(report.Classes.Single().Rules[Rule.ChangedMeanwhile], Is.EqualTo(3));
    }

    internal static string[] Unexplained(VerifyReport report) =>
        [.. report.Classes.SelectMany(c => c.Differences.Kept).Select(d => $"{d.Kind} {d.ClassName} {d.Id} {d.Field}")];
}
