using System.Diagnostics;
using System.Globalization;
using Backend.Data.Changes;
using Backend.Data.Migrations;
using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Returning;

namespace Backend.MongoImport.Commands;

/// <summary>Makes the rows the truth, when the source has stopped.</summary>
internal sealed class CutoverCommand : Command
{
    private const int Shown = 50;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    public override string Name => "cutover";

    public override string Summary => "when the old server has stopped: compares, and lets both APIs accept writes";

    public override string Usage => """
        usage: import-mongo cutover SOURCE --source-stopped [options]

        SOURCE            the live MongoDB that was followed, or the last dump of its oplog; the follow itself is stopped before
        --source-stopped  your word that nothing writes to the source any more

        Asks for a complete verify on record; waits until no change has come for 3 seconds; compares the counts of all classes, and every document that
        has changed since that verify. A dump does not say what the source holds: of it the counts in --counts are compared, or else shown. Only when nothing differs do both APIs accept writes and jobs go on.

        --connection STRING   the database; default: the setting ConnectionStrings__Database of the API
        --database NAME       which database of the source, when the connection string names none
        --counts FILE         of a dump: what the old server counts, a JSON object of collections and numbers, to be compared with the rows
        --accept-differences  go over although something differs: what this command has listed is then as it is here
        --no-way-back         do not note changes for import-mongo return
        --files FOLDER        the file store for what comes into GridFS meanwhile; default: the setting Files__Directory of the API
        --files-key FILE      a file whose first line is the passphrase that the old server encrypted files with (encryptionKey)
        --bucket NAME         the bucket of GridFS; default: fs
        --temporary FOLDER    where files are put together, and compressed archives unpacked
        --rejects FILE        where documents go that cannot be decoded; default: follow-rejects.jsonl

        exit code: 0 gone over, 1 not: writes stay closed
        """;

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--database", "--rejects", "--temporary", "--counts", .. FileImportOptions.Names], ["--source-stopped", "--accept-differences", "--no-way-back"]);
        if (!given.Has("--source-stopped"))
        {
            throw new ArgumentException("Stop the old server first, and every other writer of its database; then say so with --source-stopped. What it writes after the cut-over is lost.");
        }
        var counts = given.Value("--counts") is { } path ? Cutover.ReadCounts(path) : null;
        var taken = Stopwatch.StartNew();
        var line = new FollowLine(Console.Error, !Console.IsErrorRedirected);
        await using var source = FollowCommand.Source(given);
        var connection = given.Connection();
        await MigrationRunner.RunAsync(connection, stop);
        await using var follower = await Follower.OpenAsync(connection, source, FileImportOptions.Parse(given), given.Value("--temporary") ?? Path.GetTempPath(), given.Value("--rejects") ?? "follow-rejects.jsonl", line, stop);
        var cutover = new Cutover(follower, source, line.Say) { Counts = counts };
        var verified = await cutover.RequireVerifyAsync(stop);
        await follower.BeginAsync(withIndexes: false, stop);
        await follower.RunAsync(quiet => quiet >= Quiet, stop);
        // What came since the follow was stopped, or of what an old server told nothing.
        await follower.Indexes.SyncAsync(null, stop);
        await cutover.CompareAsync(verified, stop);
        if (cutover.Differences.Count > 0)
        {
            Console.Error.WriteLine($"{cutover.Differences.Count} differences:");
            foreach (var difference in cutover.Differences.Take(Shown))
            {
                Console.Error.WriteLine("  " + difference);
            }
            if (!given.Has("--accept-differences"))
            {
                Console.Error.WriteLine("Not gone over; writes stay closed. Find out why, follow on or import again; or accept what is listed with --accept-differences.");
                return Failed;
            }
        }
        await GoOverAsync(follower, given.Has("--no-way-back"), cutover.Report(taken.Elapsed), stop);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Gone over in {taken.Elapsed.TotalSeconds:0.0} s: {cutover.Compared:N0} documents compared once more, {(cutover.Files is { } files ? $"{files:N0} files known, " : "")}{cutover.Differences.Count} differences. Both APIs accept writes."));
        return Done;
    }

    // The way back begins before the first write that is accepted.
    private static async Task GoOverAsync(Follower follower, bool withoutWayBack, string report, CancellationToken stop)
    {
        if (!withoutWayBack)
        {
            var feed = new ChangeFeed(follower.Database, follower.Catalog);
            await follower.Catalog.ChangeFollowedAsync(
                async connection =>
                {
                    await WayBackState.PrepareAsync(feed, connection, follower.Catalog.Current, stop);
                    return true;
                },
                stop);
        }
        await follower.Writes.OpenAsync(stop);
        await FollowState.CutOverAsync(follower.Database, report, CancellationToken.None);
    }
}
