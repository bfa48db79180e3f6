using Backend.Data.Migrations;
using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Live;

namespace Backend.MongoImport.Commands;

/// <summary>Follows a source after its import.</summary>
internal sealed class FollowCommand : Command
{
    public override string Name => "follow";

    public override string Summary => "goes on from an import: brings the source's changes until the cut-over";

    public override string Usage => """
        usage: import-mongo follow SOURCE [options]

        SOURCE  the connection string of the live MongoDB that was imported; or the dump that was imported, made with mongodump --oplog,
                and after it further dumps of local.oplog.rs (a folder, oplog.bson, oplog.rs.bson, also with .gz), one command each,
                each beginning where the one before ended or earlier. Then it ends by itself with the oplog; writes stay closed

        From its start until the cut-over both APIs answer every write with 503, and jobs wait. It may be stopped and started again at any time.

        --connection STRING   the database; default: the setting ConnectionStrings__Database of the API
        --database NAME       which database of the source, when the connection string names none
        --catch-up            ends when it has caught up
        --abandon             gives the follow up: both APIs accept writes again, and the source's further changes are never brought
        --files FOLDER        the file store for what comes into GridFS meanwhile; default: the setting Files__Directory of the API
        --files-key FILE      a file whose first line is the passphrase that the old server encrypted files with (encryptionKey)
        --bucket NAME         the bucket of GridFS; default: fs
        --temporary FOLDER    where files are put together, and compressed archives unpacked
        --rejects FILE        where documents go that cannot be decoded; default: follow-rejects.jsonl

        exit code: 0 caught up (--catch-up), the oplog's end, or given up (--abandon), 1 failed, 130 stopped
        """;

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--database", "--rejects", "--temporary", .. FileImportOptions.Names], ["--catch-up", "--abandon"]);
        var line = new FollowLine(Console.Error, !Console.IsErrorRedirected);
        await using var source = Source(given);
        var connection = given.Connection();
        await MigrationRunner.RunAsync(connection, stop);
        await using var follower = await Follower.OpenAsync(connection, source, FileImportOptions.Parse(given), given.Value("--temporary") ?? Path.GetTempPath(), given.Value("--rejects") ?? "follow-rejects.jsonl", line, stop);
        if (given.Has("--abandon"))
        {
            await FollowState.AbandonAsync(follower.Database, stop);
            await follower.Writes.OpenAsync(stop);
            Console.WriteLine("Given up. Both APIs accept writes; what the source writes from now on is not brought.");
            return Done;
        }
        await follower.BeginAsync(stop);
        var untilCaughtUp = given.Has("--catch-up");
        try
        {
            await follower.RunAsync(quiet => untilCaughtUp && quiet > TimeSpan.Zero, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.Error.WriteLine("Stopped. Writes stay closed; the same command goes on from here.");
            return Stopped;
        }
        Console.Error.WriteLine(source.TellsWhatItHolds
            ? "Caught up. Writes stay closed; follow goes on from here, cutover ends it."
            : "The oplog ends here. Writes stay closed: follow with the next dump of the oplog, or cutover with this one when the old server has stopped.");
        return Done;
    }

    /// <summary>The source that the arguments name.</summary>
    internal static FollowedSource Source(Arguments given)
    {
        var source = given.Only("source");
        return LiveAddress.Is(source)
            ? new LiveFollowed(LiveAddress.Parse(source, given.Value("--database")))
            : new DumpFollowed(source, given.Value("--database"), given.Value("--temporary") ?? Path.GetTempPath());
    }
}
