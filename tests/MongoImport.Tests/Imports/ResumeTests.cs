using System.Globalization;
using System.Text;
using Backend.MongoImport.Reporting;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>Imports that were broken off and go on with <c>--resume</c>.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ResumeTests
{
    private const string Games = """[{"objectId":"a","n":1},{"objectId":"b","n":2}]""";

    [Test]
    public async Task A_run_that_was_stopped_goes_on_and_ends_as_if_nothing_had_happened([Values("loading", "looking for references", "publishing")] string at)
    {
        using var folder = Sample();
        await using var whole = await Target.CreateAsync();
        var expected = await whole.ImportAsync(folder.Path);

        await using var target = await Target.CreateAsync();
        var before = await target.CheckSumsAsync();
        using var stop = new CancellationTokenSource();
        Assert.That(() => target.ImportAsync(folder.Path, o => o, new Ear(at, stop), stop.Token), Throws.InstanceOf<OperationCanceledException>());
        if (at != "publishing")
        {
            Assert.That(await target.CheckSumsAsync(), Is.EqualTo(before), "what is published did not change");
        }

        var said = new StringWriter();
        var report = await target.ImportAsync(folder.Path, o => o with { Resume = true }, said);
        Assert.That(await target.LinesAsync(), Is.EqualTo(await whole.LinesAsync()));
        Assert.That(Text(report), Is.EqualTo(Text(expected)));
        if (at != "loading")
        {
            Assert.That(said.ToString(), Does.Contain("Game had been").And.Contain("_User had been").And.Not.Contain("begins from the start"));
        }
        Assert.That(await target.Get<bool>("select to_regnamespace('import') is null"), Is.True);
    }

    [Test]
    public async Task What_was_published_is_not_loaded_again_unless_the_source_has_changed()
    {
        using var folder = Sample();
        folder.Write("Broken.json", "[{\"objectId\":");
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(folder.Path);
        Assert.That((report.ExitCode, report.Classes.Single(c => c.Name == "Broken").State), Is.EqualTo((1, ClassState.Damaged)));
        var writers = await target.Get<string>("select string_agg(relation || writers::text, ' ' order by relation) from catalog.imports where relation <> 'other'");

        folder.Write("Broken.json", Games);
        folder.Write("Other.json", Games);
        report = await target.ImportAsync(folder.Path, o => o with { Resume = true });
        Assert.That(report.ExitCode, Is.EqualTo(2), "the rejected document of the first part is told again");
        Assert.That(report.Classes.ToDictionary(c => c.Name, c => c.Imported), Is.SupersetOf(new Dictionary<string, long> { ["Broken"] = 2, ["Other"] = 2, ["Game"] = 2_000 }));
        Assert.That(await target.Get<string>("select string_agg(relation || writers::text, ' ' order by relation) from catalog.imports where relation not in ('other', 'broken')"), Is.EqualTo(writers));
        Assert.That(await target.Get<long>("select count(*) from app.other"), Is.EqualTo(2));
        Assert.That((await File.ReadAllLinesAsync(target.RejectFile)).Length, Is.EqualTo(1));

        // A class that a server has written to since it was published is not touched either.
        await target.Database.ExecuteAsync("update app.game set n = -1 where id = '7'");
        report = await target.ImportAsync(folder.Path, o => o with { Resume = true });
        Assert.That((report.ExitCode, await target.Get<long>("select count(*) from app.game where n = -1")), Is.EqualTo((2, 1L)));
    }

    [Test]
    public async Task Without_something_to_go_on_with_an_import_begins_from_the_start()
    {
        using var folder = Given.Folder();
        folder.Write("Game.json", Games);
        await using var target = await Target.CreateAsync();
        var said = new StringWriter();
        var report = await target.ImportAsync(folder.Path, o => o with { Resume = true }, said);
        Assert.That((report.ExitCode, report.Classes.Single().Imported), Is.EqualTo((0, 2L)));
        Assert.That(said.ToString(), Does.Contain("begins from the start"));
    }

    [Test]
    public async Task A_lost_database_ends_the_run_and_the_resumed_one_ends_well()
    {
        using var folder = Sample();
        await using var target = await Target.CreateAsync();
        using var ear = new Ear("loading", () => target.Database.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'backend import'").GetAwaiter().GetResult());
        Assert.That(() => target.ImportAsync(folder.Path, o => o, ear), Throws.InstanceOf<Npgsql.NpgsqlException>().With.Matches<Npgsql.NpgsqlException>(e => Loading.DatabaseTrouble.Explain(e!) is not null));
        var report = await target.ImportAsync(folder.Path, o => o with { Resume = true });
        Assert.That(report.ExitCode, Is.EqualTo(2));
        Assert.That(await target.Get<long>("select count(*) from app.game"), Is.EqualTo(2_000));
    }

    /// <summary>Accounts with duplicates, a relation in no schema, ids that come twice, and a document that cannot be decoded.</summary>
    internal static TemporaryFolder Sample(int games = 2_000)
    {
        var folder = Given.Folder();
        string Lines(int count, Func<int, string> line) => new StringBuilder().AppendJoin('\n', Enumerable.Range(0, count).Select(line)).ToString();
        string N(int n) => n.ToString(CultureInfo.InvariantCulture);
        folder.Write("_User.json", Lines(400, n => $$$"""{"objectId":"u{{{N(n)}}}","username":"name{{{N(n % 390)}}}","email":"m{{{N(n % 380)}}}@x.org","authData":{"anonymous":{"id":"{{{N(n % 395)}}}"}},"createdAt":"2020-01-01T00:00:00.000Z"}"""));
        folder.Write("_Session.json", Lines(300, n => $$$"""{"objectId":"s{{{N(n)}}}","sessionToken":"r:{{{N(n % 295)}}}","user":{"__type":"Pointer","className":"_User","objectId":"u{{{N(n * 2)}}}"}}"""));
        folder.Write("_Role.json", Lines(20, n => $$$"""{"objectId":"r{{{N(n)}}}","name":"role{{{N(n % 18)}}}"}"""));
        folder.Write("_Join:users:_Role.json", Lines(200, n => $$$"""{"owningId":"r{{{N(n % 20)}}}","relatedId":"u{{{N(n)}}}"}"""));
        folder.Write("Game.json", Lines(games, n => $$$"""{"objectId":"{{{N(n)}}}","n":{{{N(n)}}},"odd":{{{(n % 7 == 0 ? "null" : "\"x\"")}}},"player":{"__type":"Pointer","className":"_User","objectId":"u{{{N(n)}}}"}}""") + "\n{\"objectId\":\"bad\",\"d\":nonsense}");
        folder.Write("_Join:fans:Game.json", Lines(500, n => $$$"""{"owningId":"{{{N(n)}}}","relatedId":"u{{{N(n % 100)}}}"}""") + "\n{\"owningId\":\"0\",\"relatedId\":\"u0\"}");
        folder.Write("Twice.json", Lines(games, n => $$$"""{"objectId":"{{{N(n % (games - 50))}}}","n":{{{N(n)}}}}"""));
        return folder;
    }

    private static string Text(ImportReport report)
    {
        var text = new StringWriter();
        ReportText.Write(report, text);
        // Without the line that tells the time and the name of the reject file.
        return text.ToString()[..text.ToString().TrimEnd().LastIndexOf('\n')];
    }

    /// <summary>Does something when it hears a phase.</summary>
    private sealed class Ear(string phase, Action act) : StringWriter
    {
        public Ear(string phase, CancellationTokenSource stop)
            : this(phase, stop.Cancel)
        {
        }

        public override void WriteLine(string? value)
        {
            if (value?.Contains(phase, StringComparison.Ordinal) == true)
            {
                act();
            }
        }
    }
}
