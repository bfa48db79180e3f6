using Backend.Data.Access;
using Npgsql;

namespace Backend.Data.Catalog;

/// <content>Changes: each in a transaction of its own, never inside a request's.</content>
public sealed partial class LiveCatalog
{
    /// <summary>The longest name of a table or field, in UTF-8 bytes.</summary>
    public const int MaxNameBytes = 1024;

    /// <summary>
    /// Makes the table, if it is missing, and the fields that are missing. Without a word to the database when nothing is.
    /// Ends when every live process knows them. Never while a transaction is open.
    /// </summary>
    /// <param name="origin"><see cref="Table.Origin"/>.</param>
    /// <param name="fields">The fields that are needed.</param>
    /// <param name="cancellation">Cancels the waiting; what was begun is committed or not at all.</param>
    /// <param name="mostFields">So many fields the table may have afterwards, when it gets new ones.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.TypeMismatch"/>: a field exists with another type.
    /// <see cref="RefusalKind.LimitExceeded"/>: a name is too long. <see cref="RefusalKind.TooManyFields"/>: more fields than it may have.</exception>
    public async Task<CatalogSnapshot> EnsureAsync(string origin, IReadOnlyList<FieldSpec> fields, CancellationToken cancellation = default, int mostFields = int.MaxValue)
    {
        var current = await GetAsync(cancellation);
        if (current.FindByOrigin(origin) is { } known && Missing(known, fields).Count == 0)
            return current;
        return await ChangeAsync(async change =>
        {
            var table = change.Snapshot.FindByOrigin(origin);
            if (table is null)
            {
                RequireFewer(origin, fields.Count, mostFields);
                await change.CreateTableAsync(origin, fields, null);
                return true;
            }

            var missing = Missing(table, fields);
            if (missing.Count > 0)
                RequireFewer(origin, table.Fields.Length + table.Untyped.Count + missing.Count(f => !table.Untyped.Contains(f.Name)), mostFields);
            await change.AddFieldsAsync(table, missing);
            return missing.Count > 0;
        }, cancellation);
    }

    /// <summary>Makes a table with its declared indexes.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.Duplicate"/>: it exists.</exception>
    public Task<CatalogSnapshot> CreateTableAsync(string origin, IReadOnlyList<FieldSpec> fields, TablePermissions? permissions, CancellationToken cancellation = default,
        IReadOnlyList<IndexSpec>? indexes = null) =>
        ChangeAsync(async change =>
        {
            if (change.Snapshot.FindByOrigin(origin) is not null)
                throw new Refusal(RefusalKind.Duplicate, $"Table {origin} exists.", origin);
            var (number, relation) = await change.CreateTableAsync(origin, fields, permissions);
            foreach (var index in indexes ?? [])
                await change.AddIndexAsync(new Table(number, origin, origin, relation, false, []), index);
            return true;
        }, cancellation);

    /// <summary>Drops a table with its rows and join tables. Nothing happens when there is none.</summary>
    /// <param name="origin"><see cref="Table.Origin"/>.</param>
    /// <param name="onlyEmpty">Refuse to drop a table that has rows, also such as are inserted at this moment.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.Conflict"/>: it has rows.</exception>
    public Task<CatalogSnapshot> DropTableAsync(string origin, bool onlyEmpty = false, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            if (change.Snapshot.FindByOrigin(origin) is not { } table)
                return false;
            if (onlyEmpty)
                await change.RequireEmptyAsync(table);
            await change.DropTableAsync(table);
            return true;
        }, cancellation);

    /// <summary>Drops a field with its values. Nothing happens when there is none.</summary>
    public Task<CatalogSnapshot> DropFieldAsync(string origin, string field, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            if (change.Snapshot.FindByOrigin(origin) is not { } table || table.Find(field) is not { } dropped)
                return false;
            await change.DropFieldAsync(table, dropped);
            return true;
        }, cancellation);

    /// <summary>Declares a table's permissions; null removes the declaration.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such table.</exception>
    public Task<CatalogSnapshot> SetPermissionsAsync(string origin, TablePermissions? permissions, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            await change.ExecuteAsync("update catalog.tables set permissions = $2::jsonb where number = $1", change.Require(origin).Number,
                (object?)(permissions is null ? null : PermissionsJson.Write(permissions)));
            return true;
        }, cancellation);

    /// <summary>Sets whether a field is required and its default value.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such table or field.</exception>
    public Task<CatalogSnapshot> SetFieldOptionsAsync(string origin, FieldSpec field, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            var table = change.Require(origin);
            if (table.Find(field.Name) is null)
                throw new Refusal(RefusalKind.NotFound, $"No field {field.Name} in {origin}.", origin, field.Name);
            await change.SetOptionsAsync(table, field);
            return true;
        }, cancellation);

    /// <summary>
    /// Notes that rows may hold values of these fields (nulls, of names that no field has) in <c>rest</c>: must be known everywhere before the first such
    /// row is written.
    /// </summary>
    public async Task<CatalogSnapshot> MarkRestAsync(string origin, IReadOnlyCollection<string> fields, CancellationToken cancellation = default)
    {
        var current = await GetAsync(cancellation);
        if (current.FindByOrigin(origin) is { } known && fields.All(f => known.Find(f) is { HasRest: true, Promotion: not FieldPromotion.Closing } || known.Untyped.Contains(f)))
            return current;
        return await ChangeAsync(async change =>
        {
            var table = change.Require(origin);
            await change.ExecuteAsync("""
                update catalog.fields set has_rest = true, promotion = nullif(promotion, 'Closing') where table_number = $1 and name = any($2)
                """, table.Number, fields.ToArray());
            if (fields.Where(f => table.Find(f) is null).ToArray() is { Length: > 0 } untyped)
                await change.AddUntypedAsync(table, untyped);
            return true;
        }, cancellation);
    }

    /// <summary>Notes a declared index.</summary>
    public Task<CatalogSnapshot> AddIndexAsync(string origin, TableIndex index, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            await change.ExecuteAsync("""
                insert into catalog.indexes (table_number, name, relation, definition) values ($1, $2, $3, $4::json)
                on conflict (table_number, name) do update set relation = excluded.relation, definition = excluded.definition
                """, change.Require(origin).Number, index.Name, index.Relation, index.DefinitionJson);
            return true;
        }, cancellation);

    /// <summary>
    /// Changes what an <see cref="ICatalogFollower"/> reads: in a transaction of its own, one change at a time among all processes. Ends when every
    /// live process has read it. Never while a transaction is open.
    /// </summary>
    /// <param name="work">Writes through the connection, whose transaction it leaves open; returns whether anything changed.</param>
    /// <param name="cancellation">Cancels the waiting; what was begun is committed or not at all.</param>
    public Task ChangeFollowedAsync(Func<NpgsqlConnection, Task<bool>> work, CancellationToken cancellation = default) =>
        ChangeAsync(change => work(change.Connection), cancellation);

    /// <summary>Runs one change: alone among all processes, committed, then known to all of them.</summary>
    /// <param name="work">Returns whether anything changed. It may be run again from the beginning.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    internal async Task<CatalogSnapshot> ChangeAsync(Func<CatalogChange, Task<bool>> work, CancellationToken cancellation)
    {
        for (Overtaking? overtaking = null; ;)
        {
            try
            {
                return await TryChangeAsync(work, cancellation);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // An index that is being built waits for all transactions that began before, and one of them for the index's table. Nothing was changed.
                overtaking ??= Overtaken();
                if (!await overtaking.TryAgainAsync(cancellation))
                    throw new Refusal(RefusalKind.Conflict, "An index of the table is being built.");
            }
        }
    }

    private async Task<CatalogSnapshot> TryChangeAsync(Func<CatalogChange, Task<bool>> work, CancellationToken cancellation)
    {
        long version;
        CatalogChange change;
        await _changing.WaitAsync(cancellation);
        try
        {
            await using var connection = await _database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            version = await LockAsync(connection, cancellation);
            if (version > _current.Version)
                await RefreshAsync(cancellation);
            if (_current.WritesClosed && !Follows)
                throw WriteSwitch.Refused();
            change = new CatalogChange(connection, _current, _logger);
            if (!await work(change))
                return _current;
            version = await change.BumpAsync();
            await transaction.CommitAsync(CancellationToken.None);
        }
        finally
        {
            _changing.Release();
        }

        await RefreshAsync(CancellationToken.None);
        await AwaitEverybodyAsync(version, cancellation);
        change.BuildLater(_database);
        return _current;
    }

    /// <summary>The fields of <paramref name="needed"/> that the table lacks.</summary>
    /// <exception cref="Refusal">One exists with another type.</exception>
    private static List<FieldSpec> Missing(Table table, IReadOnlyList<FieldSpec> needed)
    {
        var missing = new List<FieldSpec>();
        for (var i = 0; i < needed.Count; i++)
        {
            var spec = needed[i];
            if (table.Find(spec.Name) is not { } field)
                missing.Add(spec);
            else if (field.Kind != spec.Kind || (spec.Target is not null && spec.Target != field.Target))
                throw new Refusal(RefusalKind.TypeMismatch, $"Field {spec.Name} of {table.Origin} is {field.Kind}, not {spec.Kind}.", table.Origin, spec.Name) { Expected = field, Actual = spec };
        }

        return missing;
    }

    private static void RequireFewer(string origin, int fields, int most)
    {
        if (fields > most)
            throw TooManyFields(origin, most);
    }

    /// <summary>The refusal of fields beyond a limit.</summary>
    public static Refusal TooManyFields(string origin, int most) => new(RefusalKind.TooManyFields, $"{origin} may not get more than {most} fields this way.", origin);

    private static async Task<long> LockAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select version from catalog.state for update", connection);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
