using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Files;
using Backend.MongoImport.Live;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>What is done with a followed source: writes are closed, changes are applied until somebody stops it.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private const string ImportAgain = "Import it again: import-mongo import SOURCE. Writes stay closed meanwhile.";
    private const int LockAttempts = 10;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(200);

    private readonly Listener _listener;
    private readonly NpgsqlConnection _holder;
    private readonly FollowedSource _source;
    private readonly RejectFile _rejects;
    private readonly FollowLine _line;
    private BatchApplier? _applier;
    private FileFollower? _files;
    private IndexFollower? _indexes;

    private Follower(NpgsqlDataSource database, Listener listener, LiveCatalog catalog, NpgsqlConnection holder, FollowedSource source, string rejects, FollowLine line)
    {
        Database = database;
        _listener = listener;
        Catalog = catalog;
        _holder = holder;
        _source = source;
        _rejects = new RejectFile(rejects);
        _line = line;
        Writes = new WriteSwitch(database, catalog);
    }

    /// <summary>Connections that may write while others may not.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>The catalog.</summary>
    public LiveCatalog Catalog { get; }

    /// <summary>The switch.</summary>
    public WriteSwitch Writes { get; }

    /// <summary>The rules of the import.</summary>
    public ImportRules Rules { get; private set; } = ImportRules.None;

    /// <summary>A collection's name without the prefix, by the rules; null: another app's.</summary>
    public string? NameOf(string collection) =>
        collection.StartsWith(State.Prefix, StringComparison.Ordinal) ? RuledSource.NameOf(collection, State.Prefix, Rules)[State.Prefix.Length..] : null;

    /// <summary>What the source calls the collection of a class, or of a relation (<c>_Join:field:Class</c>).</summary>
    public string CollectionOf(string name)
    {
        string Class(string renamed) => Rules.Classes.FirstOrDefault(c => c.Value.Rename == renamed).Key ?? renamed;
        if (!name.StartsWith("_Join:", StringComparison.Ordinal) || name.Split(':', 3) is not [_, var field, var owner])
        {
            return State.Prefix + Class(name);
        }
        var before = Class(owner);
        return $"{State.Prefix}_Join:{Rules.Class(before).Fields.FirstOrDefault(f => f.Value.Rename == field).Key ?? field}:{before}";
    }

    /// <summary>A sentence for the operator.</summary>
    public void Say(string sentence) => _line.Say(sentence);

    /// <summary>Where files go.</summary>
    public FileImportOptions FileOptions { get; init; } = new();

    /// <summary>Where files are put together.</summary>
    public string Temporary { get; init; } = Path.GetTempPath();

    /// <summary>What is done about files; since <see cref="BeginAsync(CancellationToken)"/>.</summary>
    public FileFollower Files => _files ?? throw new InvalidOperationException("It has not begun.");

    /// <summary>What is done about indexes; since <see cref="BeginAsync(CancellationToken)"/>.</summary>
    public IndexFollower Indexes => _indexes ?? throw new InvalidOperationException("It has not begun.");

    /// <summary>How far it had come when it was opened.</summary>
    public FollowState State { get; private set; } = null!;

    /// <summary>Connects, and holds off every other follower.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="source">The source.</param>
    /// <param name="rejects">Where documents go that cannot be decoded.</param>
    /// <param name="line">Shows how far it has come.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceException">There is nothing to follow.</exception>
    public static Task<Follower> OpenAsync(string connectionString, FollowedSource source, string rejects, FollowLine line, CancellationToken stop) =>
        OpenAsync(connectionString, source, new FileImportOptions(), Path.GetTempPath(), rejects, line, stop);

    /// <summary>Connects, and holds off every other follower.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="source">The source.</param>
    /// <param name="files">Where files go.</param>
    /// <param name="temporary">Where files are put together.</param>
    /// <param name="rejects">Where documents go that cannot be decoded.</param>
    /// <param name="line">Shows how far it has come.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceException">There is nothing to follow.</exception>
    public static async Task<Follower> OpenAsync(string connectionString, FollowedSource source, FileImportOptions files, string temporary, string rejects, FollowLine line, CancellationToken stop)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        builder.Options = $"{builder.Options} {WriteSwitch.FollowerOption}";
        builder.CommandTimeout = 0;
        builder.ApplicationName = "backend follow";
        builder.MaxAutoPrepare = 200;
        builder.AutoPrepareMinUsages = 2;
        var database = NpgsqlDataSource.Create(builder);
        var listener = new Listener(connectionString, NullLogger<Listener>.Instance);
        var catalog = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance) { Follows = true };
        var holder = await database.OpenConnectionAsync(stop);
        var follower = new Follower(database, listener, catalog, holder, source, rejects, line) { FileOptions = files, Temporary = temporary };
        try
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock($1)", holder) { Parameters = { new() { Value = FollowState.LockKey } } };
            for (var attempt = 1; !(bool)(await take.ExecuteScalarAsync(stop))!; attempt++)
            {
                if (attempt < LockAttempts)
                {
                    // The connection of one that has just ended may not be closed yet.
                    await Task.Delay(LockPause, stop);
                    continue;
                }
                throw new SourceException("Another follow or cut-over is running in this database.");
            }
            follower.State = await FollowState.ReadAsync(database, stop)
                ?? throw new SourceException("Nothing was imported into this database from a source that tells of its changes: import-mongo import SOURCE comes first.");
            if (source.WhyNot(follower.State) is { } why)
            {
                throw new SourceException(why);
            }
            if (follower.State.State is FollowState.Importing)
            {
                throw new SourceException("The import was not brought to its end: import-mongo import SOURCE first.");
            }
            if (follower.State.State is FollowState.Abandoned)
            {
                throw new SourceException("The follow was given up, and both APIs have accepted writes since: import-mongo import SOURCE first.");
            }
            if (follower.State.State is FollowState.CutOver)
            {
                throw new SourceException("The cut-over has taken place: the rows of this database are the truth now, and nothing is followed any more.");
            }
            follower.Rules = await StoredRules.RequireAsync(database, null, stop);
            return follower;
        }
        catch
        {
            await follower.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes writes, and reads what has to be known before the first change.</summary>
    /// <exception cref="SourceException">Somebody has written since the import.</exception>
    public Task BeginAsync(CancellationToken stop) => BeginAsync(withIndexes: true, stop);

    /// <summary>The same, also without comparing the lists of indexes: who does that at the end need not do it before.</summary>
    public async Task BeginAsync(bool withIndexes, CancellationToken stop)
    {
        await Writes.CloseAsync(stop);
        if (State.State == FollowState.Imported && await WhyTouchedAsync(stop) is { } touched)
        {
            await Writes.OpenAsync(stop);
            throw new SourceException($"{touched}: what was written there is not in the source. Import again (import-mongo import SOURCE --replace CLASS), or undo it. Writes are open again.");
        }
        await FollowState.BeginAsync(Database, stop);
        // A follow that was killed may have stopped between the rows of hooks and what is called.
        await ImportedHooks.SyncAsync(Catalog, stop);
        _files = new FileFollower(this, _source, FileOptions, Temporary);
        _indexes = new IndexFollower(this, _source);
        _applier = new BatchApplier(Database, Catalog, _source, _files, State.Prefix, Rules, _rejects, _line.Say);
        await RetryAsync(() => _files.BeginAsync(!State.Linked, stop), stop);
        if (!State.Linked)
        {
            _line.Say("Reading the ids of join documents.");
            await RetryAsync(async () => await _applier.LinkAsync((await _source.CountAsync(stop)).Keys, stop), stop);
        }
        if (withIndexes)
        {
            await RetryAsync(() => _indexes.SyncAsync(null, stop), stop);
        }
    }

    /// <summary>Applies changes as they come.</summary>
    /// <param name="isEnough">Asked after each look for changes, with how long none have come; true ends it.</param>
    /// <param name="stop">Ends it at once; what was applied stays applied.</param>
    /// <exception cref="SourceException">The source no longer has the changes.</exception>
    public async Task RunAsync(Func<TimeSpan, bool> isEnough, CancellationToken stop)
    {
        var state = (await FollowState.ReadAsync(Database, stop))!;
        await using var changes = _source.Changes(state.Position, this);
        await using var pump = new ChangePump(changes, _line.Say, stop);
        _line.Begin(state.Changes);
        Files.Start();
        var quiet = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            while (await pump.TakeAsync(stop) is { } batch)
            {
                if (batch.Events.Count > 0)
                {
                    await RetryAsync(() => _applier!.ApplyAsync(batch.Events, batch.Position, stop), stop);
                    _line.Applied(batch.Events, pump.Waiting);
                    if (_applier!.TakeIndexed() is { Count: > 0 } indexed)
                    {
                        await RetryAsync(() => Indexes.SyncAsync(indexed, stop), stop);
                    }
                    quiet.Restart();
                }
                else
                {
                    await using var connection = await Database.OpenConnectionAsync(stop);
                    await FollowState.AdvanceAsync(connection, batch.Position, 0, null, TimeSpan.Zero, stop);
                    _line.Quiet();
                }
                if (pump.Waiting == 0 && isEnough(batch.Events.Count == 0 ? quiet.Elapsed : TimeSpan.Zero))
                {
                    break;
                }
            }
            await RetryAsync(() => Files.DrainAsync(stop), stop);
        }
        catch (HistoryLostException e)
        {
            throw new SourceException($"{e.Message} {ImportAgain}", e);
        }
        finally
        {
            _line.End(_applier!.Ignored);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_files is not null)
        {
            await _files.DisposeAsync();
        }
        if (_applier is not null)
        {
            await _applier.DisposeAsync();
        }
        _rejects.Dispose();
        await _holder.DisposeAsync();
        Catalog.Dispose();
        _listener.Dispose();
        await Database.DisposeAsync();
    }

    private async Task<string?> WhyTouchedAsync(CancellationToken stop)
    {
        var state = new ImportState(Database);
        foreach (var table in (await Catalog.GetAsync(stop)).Tables)
        {
            if (await state.WasImportedAsync(table, stop) && await state.WhyTouchedAsync(table, stop, evenIfClosed: true) is { } why)
            {
                return why;
            }
        }
        return null;
    }

    // Some of what is asked of the source besides its changes meets a lost connection, too.
    private async Task RetryAsync(Func<Task> work, CancellationToken stop)
    {
        for (var pause = TimeSpan.FromMilliseconds(500); ; pause = pause * 2 < TimeSpan.FromSeconds(30) ? pause * 2 : TimeSpan.FromSeconds(30))
        {
            try
            {
                await work();
                return;
            }
            catch (SourceLostException e)
            {
                _line.Say($"{e.Message} Once more in {pause.TotalSeconds:0.#} s.");
                await Task.Delay(pause, stop);
            }
        }
    }
}
