using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Tests.Live;

namespace Backend.MongoImport.Tests.Following;

/// <summary>A stand-in for MongoDB, a database that was imported from it, and a follower between them.</summary>
internal sealed class Followed : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = Given.Folder();

    private readonly ImportRules _rules;

    private Followed(LiveServer server, Target target, OldServer app, ImportRules rules) => (Server, Target, App, _rules) = (server, target, app, rules);

    public LiveServer Server { get; }

    public Target Target { get; }

    public OldServer App { get; }

    /// <summary>What it has said.</summary>
    public StringWriter Said { get; } = new();

    public static async Task<Followed> StartAsync(int seed = 1, string rules = "", Action<OldServer>? before = null)
    {
        var server = LiveServer.Start();
        var app = new OldServer(server, seed);
        app.Begin();
        before?.Invoke(app);
        var followed = new Followed(server, await Target.CreateAsync(), app, RulesReader.Read(rules));
        Assert.That((await followed.Target.ImportAsync(server.Uri(), followed._rules)).ExitCode, Is.Zero);
        return followed;
    }

    /// <summary>Follows until it has caught up.</summary>
    public Task CatchUpAsync(CancellationToken stop = default) => CatchUpAsync(new FileImportOptions(), stop);

    /// <summary>The same with a file store.</summary>
    public async Task CatchUpAsync(FileImportOptions files, CancellationToken stop = default)
    {
        await using var source = new LiveFollowed(Server.Address());
        await using var follower = await Follower.OpenAsync(Target.Database.ConnectionString, source, files, _folder.Path, Path.Combine(_folder.Path, "rejects.jsonl"), new FollowLine(Said, terminal: false), stop);
        await follower.BeginAsync(stop);
        await follower.RunAsync(quiet => quiet > TimeSpan.Zero, stop);
    }

    /// <summary>That the rows are those that an import of the source as it is now gives.</summary>
    public async Task ExpectAsImportedAsync(string because = "")
    {
        await using var anew = await Target.CreateAsync();
        Assert.That((await anew.ImportAsync(Server.Uri(), _rules)).ExitCode, Is.Zero);
        var expected = await RowsAsync(anew);
        var actual = await RowsAsync(Target);
        foreach (var (table, rows) in expected)
        {
            Assert.That(actual.GetValueOrDefault(table), Is.EqualTo(rows), $"{table} {because}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await Target.DisposeAsync();
        await Server.DisposeAsync();
    }

    // Every row without what is null, and join tables without their numbers.
    private static async Task<SortedDictionary<string, string[]>> RowsAsync(Target target)
    {
        var rows = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var relation in (await target.Get<string[]>("select array_agg(relation) from catalog.row_relations"))!)
        {
            rows[relation] = await target.Get<string[]>($"""
                select coalesce(array_agg(r order by r collate "C"), array[]::text[])
                from (select (jsonb_strip_nulls(to_jsonb(t)) - array['seq', 'created_at', 'updated_at'] {(relation == "identities" ? "" : "|| jsonb_strip_nulls(jsonb_build_object('updated', to_jsonb(t) -> 'updated_at'))")})::text as r from app."{relation}" t) q
                """) ?? [];
        }
        return rows;
    }
}
