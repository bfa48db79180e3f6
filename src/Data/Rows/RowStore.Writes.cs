using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Npgsql;

namespace Backend.Data.Rows;

/// <content>Writes: one statement each, whatever it changes.</content>
public sealed partial class RowStore
{
    // Milliseconds, as every client sees them; of the statement, so that rows of one batch keep their order.
    private const string Now = "date_trunc('milliseconds', statement_timestamp())";

    /// <summary>
    /// Prepares the catalog for a write: notes fields that it will put into <c>rest</c>. Done by the write itself, except inside a
    /// transaction: then beforehand.
    /// </summary>
    public async Task PrepareAsync(Table table, ChangeSet changes, CancellationToken cancellation = default)
    {
        var fields = ChangeCompiler.NewInRest(changes.Changes);
        if (fields.Count > 0)
            await _catalog.MarkRestAsync(table.Origin, fields, cancellation);
    }

    /// <summary>Inserts a row.</summary>
    /// <param name="table">The table.</param>
    /// <param name="changes">Its values; computed changes count from nothing. Defaults are added here.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="id">The row's id, or null for a new one.</param>
    /// <param name="transaction">Writes inside this transaction; interceptors are then not called.</param>
    /// <param name="cancellation">Cancels before the statement is sent.</param>
    /// <exception cref="Refusal">Not allowed, a required field is missing, a unique value is taken.</exception>
    public async Task<WriteResult> InsertAsync(Table table, ChangeSet changes, Caller caller, string? id = null, RowTransaction? transaction = null, CancellationToken cancellation = default)
    {
        var interceptors = transaction is null ? Concerning(table) : [];
        var save = new SaveContext(table, id, null, changes, caller);
        AccessRules.Require(table, Operation.Create, caller);
        foreach (var interceptor in interceptors)
            await interceptor.BeforeSaveAsync(save, cancellation);
        var defaults = AddDefaults(table, changes);
        var (acl, ownAcl) = AclOf(table, changes, caller);
        if (transaction is null)
            await PrepareAsync(table, changes, cancellation);

        // An id that was chosen elsewhere may be somebody else's who has not committed yet: no company for that wait.
        var isGathered = transaction is null && id is null && interceptors.IsEmpty && InsertList.Takes(changes);
        id ??= NewId();
        if (isGathered)
        {
            var row = new GatheredInsert(id, changes.Changes, acl, defaults, ownAcl);
            return await _inserts.RunAsync(new InsertShape(table, row), row, () => InsertAsync(table, id, changes, acl, defaults, ownAcl, null, cancellation));
        }

        var result = await InsertAsync(table, id, changes, acl, defaults, ownAcl, transaction, cancellation);
        foreach (var interceptor in interceptors)
            await interceptor.AfterSaveAsync(save, result, cancellation);
        return result;
    }

    private async Task<WriteResult> InsertAsync(Table table, string id, ChangeSet changes, RowAcl? acl, List<KeyValuePair<FieldPath, Value>> defaults, RowAcl? ownAcl,
        RowTransaction? transaction, CancellationToken cancellation)
    {
        var sql = new Statement();
        var compiler = new ChangeCompiler(sql, changes.Changes, isInsert: true);
        var rest = compiler.Rest;
        var hasLinks = compiler.Links.Count > 0;
        if (hasLinks)
            sql.Sql("with w as (");
        sql.Sql("insert into ").Sql(table.Quoted).Sql(" as t (id, created_at, updated_at");
        if (acl is not null)
            sql.Sql(", acl_read, acl_write");
        if (rest is not null)
            sql.Sql(", rest");
        foreach (var (field, _) in compiler.Columns)
            sql.Sql(", ").Sql(field.QuotedColumn);
        sql.Sql(") values (").Text(id).Sql(", ");
        if (changes is { CreatedAt: { } createdAt, UpdatedAt: { } updatedAt })
            sql.Timestamp(createdAt).Sql(", ").Timestamp(updatedAt);
        else
            sql.Sql(Now).Sql(", ").Sql(Now);
        if (acl is not null)
            sql.Sql(", ").NullableTexts(acl.Read.IsDefault ? null : [.. acl.Read]).Sql(", ").NullableTexts(acl.Write.IsDefault ? null : [.. acl.Write]);
        if (rest is not null)
            sql.Sql(", ").Sql(rest);
        foreach (var (_, expression) in compiler.Columns)
            sql.Sql(", ").Sql(expression);
        sql.Sql(") returning t.id, t.created_at, t.updated_at, t.xmin");
        PrintReturned(sql, compiler);
        if (hasLinks)
            PrintLinks(sql, compiler);

        var result = await ExecuteGuardedAsync(changes.Guard, sql, compiler, table, transaction, cancellation) ?? throw new InvalidOperationException("An insert returned nothing.");
        return result with { Values = [.. result.Values, .. defaults], Acl = ownAcl };
    }

    /// <summary>Changes a row.</summary>
    /// <param name="table">The table.</param>
    /// <param name="id">The row's id.</param>
    /// <param name="changes">The changes; none at all still renews <c>updatedAt</c>.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="transaction">Writes inside this transaction; interceptors are then not called.</param>
    /// <param name="cancellation">Cancels before the statement is sent.</param>
    /// <param name="ifVersion">Only if the row still has this version.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no row that the caller may change.
    /// <see cref="RefusalKind.PreconditionFailed"/>: it has another version. Not allowed, a required field unset, a unique value taken.</exception>
    public async Task<WriteResult> ChangeAsync(Table table, string id, ChangeSet changes, Caller caller, RowTransaction? transaction = null, CancellationToken cancellation = default,
        uint? ifVersion = null)
    {
        var interceptors = transaction is null ? Concerning(table) : [];
        AccessRules.Require(table, Operation.Update, caller);
        var save = new SaveContext(table, id, interceptors.IsEmpty ? null : await WritableAsync(table, id, Operation.Update, caller, cancellation), changes, caller);
        foreach (var interceptor in interceptors)
            await interceptor.BeforeSaveAsync(save, cancellation);
        RequireFields(table, changes);
        if (transaction is null)
            await PrepareAsync(table, changes, cancellation);
        if (transaction is null && interceptors.IsEmpty && ifVersion is null && TryGather(table, id, changes, caller) is { } gathered)
            return await _changes.RunAsync(gathered.Statement.ToString(), gathered, () => ChangeAsync());
        var result = await ChangeAsync();
        foreach (var interceptor in interceptors)
            await interceptor.AfterSaveAsync(save, result, cancellation);
        return result;

        async Task<WriteResult> ChangeAsync() => await ChangeRowAsync(table, id, changes, caller, transaction, cancellation, ifVersion);
    }

    private async Task<WriteResult> ChangeRowAsync(Table table, string id, ChangeSet changes, Caller caller, RowTransaction? transaction, CancellationToken cancellation,
        uint? ifVersion)
    {
        var sql = new Statement();
        var compiler = new ChangeCompiler(sql, changes.Changes, isInsert: false);
        var hasLinks = compiler.Links.Count > 0 || compiler.Unlinks.Count > 0;
        if (hasLinks)
            sql.Sql("with w as (");
        sql.Sql("update ").Sql(table.Quoted).Sql(" t set ");
        PrintAssignments(sql, compiler, changes);
        PrintTarget(sql, table, id, Operation.Update, caller, ifVersion, changes.AddsFields);
        sql.Sql(" returning t.id, t.created_at, t.updated_at, t.xmin");
        PrintReturned(sql, compiler);
        if (hasLinks)
            PrintLinks(sql, compiler);

        return await ExecuteGuardedAsync(changes.Guard, sql, compiler, table, transaction, cancellation)
            ?? throw await MissedAsync(table, id, Operation.Update, caller, ifVersion, transaction, cancellation);
    }

    /// <summary>Deletes a row. References and links to it stay.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no row that the caller may delete.
    /// <see cref="RefusalKind.PreconditionFailed"/>: it has another version.</exception>
    public async Task DeleteAsync(Table table, string id, Caller caller, RowTransaction? transaction = null, CancellationToken cancellation = default, uint? ifVersion = null)
    {
        var interceptors = transaction is null ? Concerning(table) : [];
        AccessRules.Require(table, Operation.Delete, caller);
        var row = interceptors.IsEmpty ? null : await WritableAsync(table, id, Operation.Delete, caller, cancellation);
        foreach (var interceptor in interceptors)
            await interceptor.BeforeDeleteAsync(table, row!, caller, cancellation);

        var sql = new Statement();
        sql.Sql("delete from ").Sql(table.Quoted).Sql(" t");
        PrintTarget(sql, table, id, Operation.Delete, caller, ifVersion);
        sql.Sql(" returning t.id, t.created_at, t.updated_at, t.xmin");
        _ = await ExecuteAsync(sql, null, table, transaction, cancellation) ?? throw await MissedAsync(table, id, Operation.Delete, caller, ifVersion, transaction, cancellation);
        foreach (var interceptor in interceptors)
            await interceptor.AfterDeleteAsync(table, row!, caller, cancellation);
    }

    /// <summary>
    /// Deletes every row of a table, no rule or interceptor asked: in portions that are each committed by themselves, so that it can be broken off
    /// and begun again, and locks no writer out. Rows that are inserted meanwhile may stay.
    /// </summary>
    public async Task PurgeAsync(Table table, CancellationToken cancellation = default)
    {
        const int Portion = 5_000;
        int deleted;
        do
        {
            try
            {
                deleted = await Database.ExecuteUnlimitedAsync(_database,
                    $"delete from {table.Quoted} where ctid = any(array(select ctid from {table.Quoted} limit {Portion} for update))", [], cancellation);
            }
            catch (NpgsqlException e) when (DatabaseErrors.TryMap(e, table, out var refusal))
            {
                throw refusal;
            }
        }
        while (deleted == Portion);
    }

    private static void PrintTarget(Statement sql, Table table, string id, Operation operation, Caller caller, uint? ifVersion, bool addsFields = false)
    {
        sql.Sql(" where t.id = ").Text(FilterCompiler.Clean(id)).Sql(" and ");
        AccessRules.PrintWritable(sql, table, operation, caller, "t", addsFields);
        if (ifVersion is { } version)
            sql.Sql(" and t.xmin::text = ").Text(version.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static void PrintAssignments(Statement sql, ChangeCompiler compiler, ChangeSet changes)
    {
        sql.Sql("updated_at = ").Sql(Now);
        if (changes.Acl is { } acl)
            sql.Sql(", acl_read = ").NullableTexts(acl.Read.IsDefault ? null : [.. acl.Read]).Sql(", acl_write = ").NullableTexts(acl.Write.IsDefault ? null : [.. acl.Write]);
        foreach (var (field, expression) in compiler.Columns)
            sql.Sql(", ").Sql(field.QuotedColumn).Sql(" = ").Sql(expression);
        if (compiler.Rest is { } rest)
            sql.Sql(", rest = ").Sql(rest);
    }

    private static void PrintReturned(Statement sql, ChangeCompiler compiler)
    {
        for (var i = 0; i < compiler.Returned.Count; i++)
            sql.Sql(", ").Sql(compiler.Returned[i].Expression).Sql(" as r").Sql(i.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static void PrintLinks(Statement sql, ChangeCompiler compiler)
    {
        sql.Sql(")");
        foreach (var link in compiler.Links)
        {
            sql.Sql(", ").Sql(sql.Alias()).Sql(" as (insert into app.").Sql(link.Relation.QuotedColumn).Sql(" (owning_id, related_id) select w.id, l.id from w, unnest(")
                .Texts([.. link.Ids.Select(FilterCompiler.Clean)]).Sql(") with ordinality as l(id, n) order by l.n on conflict do nothing)");
        }

        foreach (var unlink in compiler.Unlinks)
        {
            sql.Sql(", ").Sql(sql.Alias()).Sql(" as (delete from app.").Sql(unlink.Relation.QuotedColumn).Sql(" j using w where j.owning_id = w.id and j.related_id = any(")
                .Texts([.. unlink.Ids.Select(FilterCompiler.Clean)]).Sql("))");
        }

        sql.Sql(" select * from w");
    }

    private Task<WriteResult?> ExecuteGuardedAsync(IWriteGuard? guard, Statement sql, ChangeCompiler compiler, Table table, RowTransaction? transaction, CancellationToken cancellation)
    {
        return guard is null ? ExecuteAsync(sql, compiler, table, transaction, cancellation) : GuardedAsync();

        async Task<WriteResult?> GuardedAsync()
        {
            await using var own = transaction is null ? await BeginAsync(cancellation) : null;
            var used = transaction ?? own!;
            await guard.EnterAsync(used, cancellation);
            var result = await ExecuteAsync(sql, compiler, table, used, cancellation);
            if (own is not null && result is not null)
                await own.CommitAsync(CancellationToken.None);
            return result;
        }
    }

    private Task<WriteResult?> ExecuteAsync(Statement sql, ChangeCompiler? compiler, Table table, RowTransaction? transaction, CancellationToken cancellation)
    {
        return OnConnectionAsync(table, transaction, WriteAsync, cancellation);

        async Task<WriteResult?> WriteAsync(NpgsqlConnection connection)
        {
            await using var command = sql.ToCommand(connection, transaction?.Transaction);
            // Once it is sent its outcome counts: a client that goes away does not cancel it half way.
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            return await reader.ReadAsync(CancellationToken.None) ? ReadResult(reader, compiler) : null;
        }
    }

    private static WriteResult ReadResult(NpgsqlDataReader reader, ChangeCompiler? compiler) =>
        new(reader.GetString(0), reader.GetDateTime(1), reader.GetDateTime(2), compiler?.ReadReturned(reader, 4) ?? [], null, reader.GetFieldValue<uint>(3));

    /// <summary>Reads a whole row that the caller may change or delete, as interceptors get it.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such row. The table's permissions say no.</exception>
    public Task<Row> GetWritableAsync(Table table, string id, Operation operation, Caller caller, CancellationToken cancellation = default)
    {
        AccessRules.Require(table, operation, caller);
        return WritableAsync(table, id, operation, caller, cancellation);
    }

    private async Task<Row> WritableAsync(Table table, string id, Operation operation, Caller caller, CancellationToken cancellation)
    {
        var sql = new Statement();
        var shape = ReadCompiler.PrintRowToWrite(sql, table, id, operation, caller);
        await using var cursor = await RowCursor.OpenAsync(await OpenConnectionAsync(cancellation), true, null, null, sql, shape, table, Caller.Administrator, cancellation);
        return await cursor.ReadAsync(cancellation) ? cursor.Keep() : throw NotFound(table, operation);
    }

    private async Task<Refusal> MissedAsync(Table table, string id, Operation operation, Caller caller, uint? ifVersion, RowTransaction? transaction, CancellationToken cancellation)
    {
        if (ifVersion is null)
            return NotFound(table, operation);

        // Only a row that the caller may write has a version to him.
        var sql = new Statement();
        sql.Sql("select t.id, t.created_at, t.updated_at, t.xmin from ").Sql(table.Quoted).Sql(" t");
        PrintTarget(sql, table, id, operation, caller, null);
        if (await ExecuteAsync(sql, null, table, transaction, cancellation) is null)
            return NotFound(table, operation);
        return new Refusal(RefusalKind.PreconditionFailed, "The row has another version.", table.Origin) { Operation = operation };
    }

    private static Refusal NotFound(Table table, Operation operation) => new(RefusalKind.NotFound, "No such row.", table.Origin) { Operation = operation };

    private static List<KeyValuePair<FieldPath, Value>> AddDefaults(Table table, ChangeSet changes)
    {
        var added = new List<KeyValuePair<FieldPath, Value>>();
        foreach (var field in table.Fields)
        {
            if (field.Default is null && !field.Required)
                continue;
            var given = HasValue(changes, field);
            if (!given && field.Default is { } value)
            {
                changes.Changes.RemoveAll(c => c is Change.Set s && s.Path.Field == field);
                changes.Add(new Change.Set(field, value));
                added.Add(new(field, value));
            }
            else if (!given && field.Required)
            {
                throw new Refusal(RefusalKind.RequiredField, $"{field.Name} is required.", table.Origin, field.Name);
            }
        }

        return added;
    }

    private static bool HasValue(ChangeSet changes, Field field)
    {
        foreach (var change in changes.Changes)
        {
            switch (change)
            {
                case Change.Set set when set.Path.Field.Name == field.Name:
                    // Null counts as missing, and for a required field so does the empty text (contract 23).
                    return !set.Value.IsNull && !(field.Required && set.Value is { Kind: ValueKind.Text, AsText: "" });
                case Change.Increment { Path.Field: var f } when f.Name == field.Name:
                case Change.Append { Path.Field: var g } when g.Name == field.Name:
                case Change.AppendUnique { Path.Field: var h } when h.Name == field.Name:
                    return true;
                default:
                    break;
            }
        }

        return false;
    }

    private static void RequireFields(Table table, ChangeSet changes)
    {
        if (MissingField(table, changes) is { } missing)
            throw missing;
    }

    /// <summary>The refusal of changes that would leave a required field without a value; null: none would be.</summary>
    private static Refusal? MissingField(Table table, ChangeSet changes)
    {
        foreach (var change in changes.Changes)
        {
            var field = change switch
            {
                Change.Unset { Path: { Steps.IsEmpty: true } path } => path.Field,
                Change.Set { Path: { Steps.IsEmpty: true } path, Value: var value } when value.IsNull || value is { Kind: ValueKind.Text, AsText: "" } => path.Field,
                _ => null,
            };
            if (field is { Required: true })
                return new Refusal(RefusalKind.RequiredField, $"{field.Name} is required.", table.Origin, field.Name);
        }

        return null;
    }

    private static (RowAcl? Stored, RowAcl? Own) AclOf(Table table, ChangeSet changes, Caller caller)
    {
        if (changes.Acl is not null || table.Permissions.DefaultAcl is not { } acl)
            return (changes.Acl, null);
        var own = new RowAcl(Resolve(acl.Read), Resolve(acl.Write));
        return (own, own);

        System.Collections.Immutable.ImmutableArray<string> Resolve(System.Collections.Immutable.ImmutableArray<string> principals) => principals.IsDefault
            ? default
            : [.. principals.Where(p => p != "currentUser" || caller.UserId is not null).Select(p => p == "currentUser" ? caller.UserId! : p)];
    }
}
