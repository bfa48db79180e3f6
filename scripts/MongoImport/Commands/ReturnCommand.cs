using System.Globalization;
using System.Text.Json;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Changes;
using Backend.Data.Migrations;
using Backend.MongoImport.Live;
using Backend.MongoImport.Returning;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Commands;

/// <summary>Brings what is written here to the old server's MongoDB, so that it can take over again.</summary>
internal sealed class ReturnCommand : Command
{
    private const int ShowMilliseconds = 5000;

    public override string Name => "return";

    public override string Summary => "brings changes back to the old server's MongoDB";

    public override string Usage => """
        usage: import-mongo return mongodb://… [options]
               import-mongo return --prepare | --end [--connection STRING]

        Brings every change since the cut-over (or since --prepare) to a MongoDB in the layout of a Parse server. Goes on until it is stopped; what was
        brought is noted in the database, so it can be stopped and started again at any time.

        --until-caught-up        end when everything that was written so far is there
        --finish                 close this database to writes, bring the rest, compare how many documents both sides have: the old server can take over
        --full                   bring everything instead of changes: for an empty MongoDB, or when the change feed no longer reaches back far enough
        --prepare                begin to note changes; at this moment both sides must hold the same (cutover does this by itself)
        --end                    no longer note changes: there will be no way back
        --connection STRING      the database; default: the setting ConnectionStrings__Database of the API
        --database NAME          which database of the MongoDB, if the connection string does not say
        --collection-prefix TEXT what the names of its collections begin with
        --lose-skipped           documents that are brought back may lose the fields that the import left out by rule
        --rejects FILE           where documents go that the MongoDB refuses; default: return-rejects.jsonl

        exit code: 0 all well, 2 documents were refused, or counts differ after --finish, 1 failed, 130 stopped by Ctrl-C
        """;

    public override Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop) => RunAsync(ReturnOptions.Parse(arguments), Console.Out, stop);

    /// <summary>Runs it.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="output">Where it tells of it.</param>
    /// <param name="stop">Ctrl-C.</param>
    public static async Task<int> RunAsync(ReturnOptions options, TextWriter output, CancellationToken stop)
    {
        await MigrationRunner.RunAsync(options.Connection, stop);
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.Connection)
        {
            CommandTimeout = 0,
            ApplicationName = "backend return",
            Options = WriteSwitch.FollowerOption,
        });
        using var listener = new Listener(options.Connection, NullLogger<Listener>.Instance);
        using var catalog = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance) { Follows = true };
        var feed = new ChangeFeed(database, catalog);
        if (options.Prepare)
        {
            await catalog.ChangeFollowedAsync(
                async connection =>
                {
                    await WayBackState.PrepareAsync(feed, connection, catalog.Current, stop);
                    return true;
                },
                stop);
            await output.WriteLineAsync("Changes are noted from now on; import-mongo return brings them to the old MongoDB.");
            return Done;
        }
        if (options.End)
        {
            await feed.DisableAsync(WayBackState.Listener, stop);
            await using var command = database.CreateCommand("delete from catalog.way_back");
            await command.ExecuteNonQueryAsync(stop);
            await output.WriteLineAsync("Changes are no longer noted. There is no way back any more.");
            return Done;
        }
        return await ReturnAsync(options, database, catalog, feed, output, stop);
    }

    private static async Task<int> ReturnAsync(ReturnOptions options, NpgsqlDataSource database, LiveCatalog catalog, ChangeFeed feed, TextWriter output, CancellationToken stop)
    {
        if (!LiveAddress.Is(options.Target!))
        {
            throw new ArgumentException("The target is a live MongoDB: mongodb://… or mongodb+srv://….");
        }
        var address = LiveAddress.Parse(options.Target!, options.Database);
        var names = new OldNames(await StoredRules.RequireAsync(database, null, stop), options.Prefix);
        if (names.Missing.Count > 0 && !options.LoseSkipped)
        {
            throw new SourceException($"The import left out fields by rule: {string.Join(", ", names.Missing)}. A document that is brought back would lose them there; --lose-skipped says that it may.");
        }
        await using var writer = await LiveWriter.OpenAsync(address, output.WriteLine, stop);
        await using var reader = new TargetReader(address, names);
        var target = new TargetWriter(writer, names);
        var shown = Environment.TickCount64;
        var returner = new Returner(database, catalog, feed, target, reader, options.Prefix)
        {
            Progressed = (written, lag) =>
            {
                if (Environment.TickCount64 - shown >= ShowMilliseconds)
                {
                    shown = Environment.TickCount64;
                    output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{written:N0} documents written, {Math.Max(0, lag.TotalSeconds):0.0} s behind"));
                }
            },
        };
        var differences = new List<string>();
        try
        {
            if (options.Full)
            {
                await output.WriteLineAsync($"Bringing everything to {address}.");
                await returner.RunFullAsync(stop);
            }
            if (options.Finish)
            {
                await new WriteSwitch(database, catalog).CloseAsync(stop);
                await output.WriteLineAsync("Writes are closed: both APIs answer them with 503.");
            }
            await returner.RunAsync(options.UntilCaughtUp || options.Full || options.Finish, stop);
            if (options.Finish)
            {
                differences = await returner.CompareCountsAsync(stop);
                await using var command = database.CreateCommand("update catalog.way_back set finished_at = now()");
                await command.ExecuteNonQueryAsync(stop);
            }
        }
        catch (SourceLostException e)
        {
            throw new SourceException($"{e.Message} Everything up to the last batch is there; the same command goes on.", e);
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is not OperationCanceledException)
        {
            throw new OperationCanceledException("stopped", e, stop);
        }
        finally
        {
            WriteRejects(options.Rejects, target);
        }
        differences.ForEach(output.WriteLine);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{target.Written:N0} documents written, {target.Refused.Count} refused."));
        if (target.Refused.Count > 0)
        {
            await output.WriteLineAsync($"What was refused, and why, stands in {options.Rejects}.");
        }
        if (options.Finish && target.Refused.Count == 0 && differences.Count == 0)
        {
            await output.WriteLineAsync($"{address} holds everything. The old server can take over.");
        }
        return target.Refused.Count > 0 || differences.Count > 0 ? LookAtIt : Done;
    }

    private static void WriteRejects(string path, TargetWriter target)
    {
        if (target.Refused.Count == 0)
        {
            return;
        }
        using var file = PrivateFile.Create(path, FileMode.Append);
        foreach (var (collection, failure) in target.Refused)
        {
            JsonSerializer.Serialize(file, new { collection, code = failure.Code, reason = failure.Message, bytes = failure.Write.Document ?? failure.Write.Id });
            file.WriteByte((byte)'\n');
        }
    }
}
