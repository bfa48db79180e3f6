using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Imports;

/// <summary>
/// One import: tables are made and filled in schema <c>import</c> and then take their places in <c>app</c>, a group of them in one commit.
/// One import at a time; what a broken-off one left behind is swept away by the next, unless that goes on with it
/// (docs/decisions/021-resumed-imports.md).
/// </summary>
public sealed class ImportRun : IAsyncDisposable
{
    private const long LockKey = 0x696d_706f_7274;   // "import"
    private const int TakeAttempts = 50;

    private readonly NpgsqlConnection _holder;
    private readonly RunRecord _record;
    private readonly Staging _staging;
    private readonly Publication _publication;

    private ImportRun(NpgsqlDataSource database, LiveCatalog catalog, NpgsqlConnection holder, string source, RunRecord record, IReadOnlyDictionary<string, KeptTable> kept)
    {
        _record = record;
        Kept = kept;
        Database = database;
        Catalog = catalog;
        _holder = holder;
        State = new ImportState(database);
        _staging = new Staging(database);
        _publication = new Publication(catalog, State, source, record);
    }

    /// <summary>The connections of the import; without time limit on commands.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>The catalog that the tables enter.</summary>
    public LiveCatalog Catalog { get; }

    /// <summary>What earlier imports left behind.</summary>
    public ImportState State { get; }

    /// <summary>What the run had done before it was broken off, by <see cref="Table.Origin"/>; of a new run nothing.</summary>
    public IReadOnlyDictionary<string, KeptTable> Kept { get; }

    /// <summary>The relation in schema <c>import</c>, for SQL.</summary>
    public static string Quote(string relation) => "import." + Sql.Quote(relation);

    /// <summary>An index's name within PostgreSQL's 63 bytes, the same for the same parts.</summary>
    public static string IndexName(params string[] parts) => Naming.Index(parts);

    /// <summary>Begins, in a migrated database.</summary>
    /// <param name="database">Connections without time limit on commands, with an application name of their own.</param>
    /// <param name="catalog">The catalog of that database.</param>
    /// <param name="source">What is imported, for the record.</param>
    /// <param name="resume">Go on with the run that began last, when it was of this source; otherwise begin from the start.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="InvalidOperationException">Another import is running in this database.</exception>
    public static async Task<ImportRun> BeginAsync(NpgsqlDataSource database, LiveCatalog catalog, string source, bool resume = false, CancellationToken cancellation = default)
    {
        // The lock lives as long as this connection, which nothing else uses.
        var holder = await database.OpenConnectionAsync(cancellation);
        try
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock($1)", holder) { Parameters = { new() { Value = LockKey } } };
            // PostgreSQL takes a moment to notice that a process was killed.
            for (var patience = resume ? TakeAttempts : 1; !(bool)(await take.ExecuteScalarAsync(cancellation))!; patience--)
            {
                if (patience == 1)
                    throw new InvalidOperationException("Another import is running in this database.");
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
            }

            await EndLeftOversAsync(holder, cancellation);
            var record = resume ? await RunRecord.FindAsync(holder, source, cancellation) : null;
            await using var sweep = new NpgsqlCommand(record is null ? "drop schema if exists import cascade; create schema import" : "create schema if not exists import", holder);
            await sweep.ExecuteNonQueryAsync(cancellation);
            if (record is not null)
                return new ImportRun(database, catalog, holder, source, record, await record.ReadAsync(holder, cancellation));
            return new ImportRun(database, catalog, holder, source, await RunRecord.BeginAsync(holder, source, cancellation), new Dictionary<string, KeptTable>());
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an empty table aside, or takes the one that a broken-off run has left. A system table is made like the one in <c>app</c>, any other anew.</summary>
    /// <param name="spec">What is known of it.</param>
    /// <param name="fingerprint">Of what will be read.</param>
    /// <param name="keep">The furthest stage that may be kept.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<StagedTable> StageAsync(StagedTableSpec spec, string fingerprint = "", ImportStage keep = ImportStage.New, CancellationToken cancellation = default)
    {
        var snapshot = await Catalog.GetAsync(cancellation);
        var existing = snapshot.FindByOrigin(spec.Origin);
        var keepFields = existing is { System: false } && !await State.WasImportedAsync(existing, cancellation);
        var kept = keep == ImportStage.New ? null : Kept.GetValueOrDefault(spec.Origin);
        return await _staging.CreateAsync(spec, existing, keepFields, fingerprint, kept?.Fingerprint == fingerprint ? kept : null, cancellation);
    }

    /// <summary>Drops what a broken-off run has left in schema <c>import</c> and this one does not use. When all tables are staged.</summary>
    public Task SweepAsync(CancellationToken cancellation = default) => _staging.SweepAsync(cancellation);

    /// <summary>Notes how far tables are, for a run that goes on with them, all at once.</summary>
    public async Task NoteAsync(ImportStage stage, IReadOnlyList<StagedTable> tables, CancellationToken cancellation = default)
    {
        await using var connection = await Database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        foreach (var table in tables)
            await _record.NoteAsync(connection, table, stage, cancellation);
        await transaction.CommitAsync(cancellation);
        foreach (var table in tables)
            table.Stage = stage;
    }

    /// <summary>Notes that a table begins from nothing again.</summary>
    public async Task ForgetAsync(StagedTable table, CancellationToken cancellation = default)
    {
        await using var connection = await Database.OpenConnectionAsync(cancellation);
        await _record.ForgetAsync(connection, table, cancellation);
        table.Stage = ImportStage.New;
    }

    /// <summary>Adds what the shipped system table has besides its rows: keys and indexes. When the rows are in.</summary>
    public Task<IReadOnlyList<string>> KeysOfAsync(StagedTable table, string relation, CancellationToken cancellation = default) =>
        _staging.KeysOfAsync(table, relation, cancellation);

    /// <summary>Counts a complete table, for telling later whether anything else has written to it. Nothing may be written after this.</summary>
    public async Task MeasureAsync(StagedTable table, CancellationToken cancellation = default)
    {
        foreach (var relation in table.Relations)
            table.Rows[relation] = await State.MeasureAsync(relation, cancellation);
    }

    /// <summary>Puts the tables into their places, in one commit, and ends when every live process knows them.</summary>
    /// <returns>Why nothing was done, or null when it was: somebody has written to one of the tables meanwhile.</returns>
    public Task<string?> PublishAsync(IReadOnlyList<StagedTable> tables, bool replace, CancellationToken cancellation = default) =>
        _publication.RunAsync(tables, replace, cancellation);

    /// <summary>Ends the run and sweeps what is left in schema <c>import</c>.</summary>
    /// <param name="whole">Every table was brought; otherwise a later run may go on with this one.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task CompleteAsync(bool whole, CancellationToken cancellation = default)
    {
        await using var sweep = new NpgsqlCommand("drop schema if exists import cascade", _holder);
        await sweep.ExecuteNonQueryAsync(cancellation);
        if (whole)
            await _record.FinishAsync(_holder, cancellation);
    }

    /// <summary>Lets the next import begin. A run that did not complete leaves its tables for one that goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        await using (_holder)
        {
            try
            {
                await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", _holder) { Parameters = { new() { Value = LockKey } } };
                await release.ExecuteNonQueryAsync();
            }
            catch (NpgsqlException)
            {
                // The connection is lost, and the lock with it; what ended the run has been told already.
            }
        }
    }

    // Statements of a run that was killed go on in the server until they notice. No other import is running, so they are left-overs.
    private static async Task EndLeftOversAsync(NpgsqlConnection holder, CancellationToken cancellation)
    {
        const string leftOvers = """
            from pg_stat_activity where application_name = current_setting('application_name') and application_name <> '' and datname = current_database()
            and usename = current_user and pid <> pg_backend_pid()
            """;
        while (true)
        {
            await using var end = new NpgsqlCommand($"select count(pg_terminate_backend(pid)) {leftOvers}", holder);
            if ((long)(await end.ExecuteScalarAsync(cancellation))! == 0)
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
    }
}
