using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Imports;

/// <summary>
/// One import: tables are made and filled in schema <c>import</c> and then take their places in <c>app</c>, a group of them in one commit.
/// One import at a time; what a broken-off one left behind is swept away by the next.
/// </summary>
public sealed class ImportRun : IAsyncDisposable
{
    private const long LockKey = 0x696d_706f_7274;   // "import"

    private readonly NpgsqlConnection _holder;
    private readonly Staging _staging;
    private readonly Publication _publication;

    private ImportRun(NpgsqlDataSource database, LiveCatalog catalog, NpgsqlConnection holder, string source)
    {
        Database = database;
        Catalog = catalog;
        _holder = holder;
        State = new ImportState(database);
        _staging = new Staging(database);
        _publication = new Publication(catalog, State, source);
    }

    /// <summary>The connections of the import; without time limit on commands.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>The catalog that the tables enter.</summary>
    public LiveCatalog Catalog { get; }

    /// <summary>What earlier imports left behind.</summary>
    public ImportState State { get; }

    /// <summary>The relation in schema <c>import</c>, for SQL.</summary>
    public static string Quote(string relation) => "import." + Sql.Quote(relation);

    /// <summary>An index's name within PostgreSQL's 63 bytes, the same for the same parts.</summary>
    public static string IndexName(params string[] parts) => Naming.Index(parts);

    /// <summary>Begins, in a migrated database.</summary>
    /// <param name="database">Connections without time limit on commands.</param>
    /// <param name="catalog">The catalog of that database.</param>
    /// <param name="source">What is imported, for the record.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="InvalidOperationException">Another import is running in this database.</exception>
    public static async Task<ImportRun> BeginAsync(NpgsqlDataSource database, LiveCatalog catalog, string source, CancellationToken cancellation = default)
    {
        // The lock lives as long as this connection, which nothing else uses.
        var holder = await database.OpenConnectionAsync(cancellation);
        try
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock($1)", holder) { Parameters = { new() { Value = LockKey } } };
            if (!(bool)(await take.ExecuteScalarAsync(cancellation))!)
                throw new InvalidOperationException("Another import is running in this database.");
            await using var sweep = new NpgsqlCommand("drop schema if exists import cascade; create schema import", holder);
            await sweep.ExecuteNonQueryAsync(cancellation);
            return new ImportRun(database, catalog, holder, source);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an empty table aside. A system table is made like the one in <c>app</c>, any other anew.</summary>
    public async Task<StagedTable> StageAsync(StagedTableSpec spec, CancellationToken cancellation = default)
    {
        var snapshot = await Catalog.GetAsync(cancellation);
        var existing = snapshot.FindByOrigin(spec.Origin);
        var keepFields = existing is { System: false } && !await State.WasImportedAsync(existing, cancellation);
        return await _staging.CreateAsync(spec, existing, keepFields, cancellation);
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (_holder)
        {
            await using var sweep = new NpgsqlCommand("drop schema if exists import cascade", _holder);
            await sweep.ExecuteNonQueryAsync();
            await using var release = new NpgsqlCommand("select pg_advisory_unlock($1)", _holder) { Parameters = { new() { Value = LockKey } } };
            await release.ExecuteNonQueryAsync();
        }
    }
}
