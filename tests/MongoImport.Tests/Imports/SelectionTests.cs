using Backend.MongoImport.Commands;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Imports;

/// <summary><c>--only</c>, and several COPY streams for one collection.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class SelectionTests
{
    private static readonly string[] Accounts = ["_Role", "_Session", "_User"];
    private const string Games = """[{"objectId":"a","n":1},{"objectId":"b","n":2}]""";

    [Test]
    public async Task Only_the_named_class_is_imported_and_of_the_accounts_all_three()
    {
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(Given.File("samples", "game"), o => o with { Only = ["GameScore"] });
        Assert.That(report.Classes.Select(c => c.Name), Is.EqualTo(new[] { "GameScore" }));
        Assert.That((report.ExitCode, report.Ignored.Count), Is.EqualTo((0, 0)));
        Assert.That(report.Notes, Has.Some.Contains("not looked at"));
        Assert.That(await target.Get<long>("select count(*) from app.game_score"), Is.EqualTo(100));
        Assert.That(await target.Get<long>("select count(*) from app.users"), Is.Zero);

        report = await target.ImportAsync(Given.File("samples", "game"), o => o with { Only = ["_Role"] });
        Assert.That(report.Classes.Select(c => c.Name), Is.EqualTo(Accounts));
        Assert.That(report.Classes.Single(c => c.Name == "_Role").Joins["users"].Imported, Is.Positive);
        Assert.That(await target.Get<long>("select count(*) from app.game_score"), Is.EqualTo(100));

        // One after the other gives what all at once gives.
        await target.ImportAsync(Given.File("samples", "game"), o => o);
        var all = await target.LinesAsync();
        await target.ImportAsync(Given.File("samples", "game"), o => o with { Only = ["GameScore", "_User"] });
        Assert.That(await target.LinesAsync(), Is.EqualTo(all));
    }

    [Test]
    public async Task A_class_that_the_source_does_not_hold_is_named_with_those_it_holds()
    {
        await using var target = await Target.CreateAsync();
        using var folder = Given.Folder();
        folder.Write("Game.json", Games);
        Assert.That(() => target.ImportAsync(folder.Path, o => o with { Only = ["Gane"] }), Throws.TypeOf<SourceException>().With.Message.Contains("no class Gane, but Game"));
    }

    [Test]
    public async Task A_damaged_collection_of_another_class_keeps_nobody_from_importing()
    {
        await using var target = await Target.CreateAsync();
        using var folder = Given.Folder();
        folder.Write("Game.json", Games);
        folder.Write("Broken.json", "[{\"objectId\":");
        var report = await target.ImportAsync(folder.Path, o => o with { Only = ["Game"] });
        Assert.That((report.ExitCode, report.Classes.Single().Imported), Is.EqualTo((0, 2L)));
    }

    [Test]
    public async Task Several_streams_give_the_rows_that_one_gives_and_the_last_of_equal_ids_still_wins()
    {
        using var folder = Given.Folder();
        var text = new System.Text.StringBuilder();
        // Enough for many blocks; every 1,000th id comes again at the end.
        const int rows = 30_000;
        foreach (var n in Enumerable.Range(0, rows).Concat(Enumerable.Range(0, rows / 1000).Select(n => n * 1000)))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"objectId\":\"{n}\",\"n\":{text.Length},\"mixed\":{(n % 3 == 0 ? "null" : "true")},\"t\":\"{new string('x', 60)}\"}}\n");
        }
        folder.Write("Game.json", text.ToString());
        folder.Write("_Join:friends:Game.json", string.Join('\n', Enumerable.Range(0, rows).Select(n => $"{{\"owningId\":\"0\",\"relatedId\":\"{rows - n}\"}}")));
        var imported = new List<(string[] Lines, string Joined, long InRest, long Duplicates)>();
        foreach (var streams in new[] { 1, 3 })
        {
            await using var target = await Target.CreateAsync();
            var report = await target.ImportAsync(folder.Path, o => o with { Streams = streams, LargeCollection = 1 });
            var game = report.Classes.Single();
            Assert.That(report.ExitCode, Is.Zero);
            Assert.That(await target.Get<bool>("select relallvisible >= relpages - 1 from pg_class where oid = 'app.game'::regclass"), Is.True, "nothing is left for a vacuum");
            imported.Add((await target.LinesAsync(), (await target.Get<string>("select string_agg(related_id, ' ' order by seq) from app.game_friends where owning_id = '0'"))!,
                game.InRest.Values.Sum(), game.Duplicates));
        }
        Assert.That(imported[1], Is.EqualTo(imported[0]).Using<(string[] Lines, string, long, long)>((a, b) => a.Lines.SequenceEqual(b.Lines) && a with { Lines = [] } == b with { Lines = [] }));
        Assert.That(imported[0].Joined, Does.StartWith($"{rows} {rows - 1} "));
        Assert.That(imported[0].Duplicates, Is.EqualTo(rows / 1000));
    }

    [TestCase("--streams", "0")]
    [TestCase("--streams", "many")]
    public void Options_that_say_nothing_are_refused(string name, string value) =>
        Assert.That(() => ImportOptions.Parse(["folder", "--connection", "Host=x", name, value]), Throws.ArgumentException.With.Message.Contains(name));
}
