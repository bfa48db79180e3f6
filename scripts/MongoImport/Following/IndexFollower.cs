using Backend.Data;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>
/// Makes the indexes here that the source declares meanwhile, by the import's plan, and drops those that it drops. It compares lists, at every start, when a change tells of
/// indexes (servers from 6.0 on) or of the schema, and before the cut-over; so what no change tells of is made as well.
/// </summary>
internal sealed class IndexFollower(Follower follower, FollowedSource source)
{
    private const string Schema = "_SCHEMA";

    private readonly HashSet<(string, string)> _told = [];

    /// <summary>Compares the lists, and makes what is missing.</summary>
    /// <param name="collections">Of these collections, as the source calls them; null, or with that of the schema among them: of all.</param>
    /// <param name="stop">Cancels; an index that was begun is not there then.</param>
    public async Task SyncAsync(IReadOnlyCollection<string>? collections, CancellationToken stop)
    {
        if (await source.IndexesAsync(stop) is not { } lists)
        {
            return;
        }
        var declared = await DeclaredAsync(stop);
        var all = collections is null || collections.Contains(follower.State.Prefix + Schema);
        foreach (var (collection, metadata) in lists.Where(l => all || collections!.Contains(l.Key)))
        {
            if (follower.NameOf(collection) is { } name && (await follower.Catalog.GetAsync(stop)).FindByOrigin(name) is { } table)
            {
                var renamed = RuledSource.Renamed(metadata, new NameChanges(follower.Rules, collection[follower.State.Prefix.Length..]));
                var indexes = renamed.Indexes.Where(i => i.Name != "_id_").ToList();
                indexes.AddRange(declared.GetValueOrDefault(name, []).Where(i => i.Name != "_id_" && indexes.TrueForAll(known => !known.Key.SequenceEqual(i.Key))));
                await SyncAsync(table, indexes, stop);
            }
        }
    }

    private async Task SyncAsync(Table table, List<SourceIndex> indexes, CancellationToken stop)
    {
        var plan = new ClassPlan(table.Origin, null, null, isExport: false) { Rule = follower.Rules.Renamed().Class(table.Origin) };
        plan.Relations.UnionWith(table.Fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Name));
        plan.Indexes.AddRange(indexes);
        await using var connection = await follower.Database.OpenConnectionAsync(stop);
        var staged = StagedTable.InPlace(table, await ColumnsAsync(connection, table, stop));
        var notes = new List<string>();
        IndexPlanner.Plan(plan, staged, notes, table.Indexes.Where(i => i.Relation is not null).Select(i => i.Relation!));
        foreach (var gone in table.Indexes.Where(i => i.Name != "_id_" && staged.Indexes.TrueForAll(s => s.Name != i.Name)))
        {
            await ForgetAsync(table, gone, stop);
            follower.Say($"Index {gone.Name} of {table.Origin} has gone.");
        }
        foreach (var index in staged.Indexes)
        {
            var known = table.Indexes.FirstOrDefault(i => i.Name == index.Name);
            if (known is not null && known.DefinitionJson == index.DefinitionJson)
            {
                continue;
            }
            var about = notes.Where(n => n.StartsWith($"Index {index.Name}", StringComparison.Ordinal)).ToList();
            if (index.Sql is null && about.Exists(n => n.Contains("there is no column", StringComparison.Ordinal)))
            {
                // The field may come yet; then it is made.
                Tell(table, about);
                continue;
            }
            if (known is not null)
            {
                await ForgetAsync(table, known, stop);
            }
            await MakeAsync(connection, table, index, stop);
            Tell(table, about);
        }
        await ExpireAsync(connection, table, staged, stop);
    }

    private void Tell(Table table, List<string> notes) => notes.Where(n => _told.Add((table.Origin, n))).ToList().ForEach(n => follower.Say($"  {table.Origin}: {n}"));

    private async Task MakeAsync(NpgsqlConnection connection, Table table, StagedIndex index, CancellationToken stop)
    {
        // From now on too long a text of these columns goes to rest: a B-tree would refuse it.
        await NoteAsync(table, index, index.Relation, stop);
        if (index.Sql is null)
        {
            return;
        }
        follower.Say($"Making index {index.Name} of {table.Origin}.");
        for (string? sql = index.Sql; ;)
        {
            try
            {
                await ClassFollower.ExecuteAsync(connection, sql, stop);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && index.IfRefused is not null && sql != index.IfRefused)
            {
                follower.Say($"  Index {index.Name}: not unique here, because the rows are not.");
                sql = index.IfRefused;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.InternalError)
            {
                follower.Say($"  Index {index.Name} is not built: {e.MessageText}.");
                await NoteAsync(table, index, null, stop);
                return;
            }
        }
    }

    private Task NoteAsync(Table table, StagedIndex index, string? relation, CancellationToken stop) => follower.Catalog.ChangeFollowedAsync(
        async connection =>
        {
            await using var note = new NpgsqlCommand("""
                insert into catalog.indexes (table_number, name, relation, definition) values ($1, $2, $3, $4::json)
                on conflict (table_number, name) do update set relation = excluded.relation, definition = excluded.definition
                """, connection);
            note.Parameters.Add(new NpgsqlParameter { Value = table.Number });
            note.Parameters.Add(new NpgsqlParameter { Value = index.Name });
            note.Parameters.Add(new NpgsqlParameter { Value = (object?)relation ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            note.Parameters.Add(new NpgsqlParameter { Value = index.DefinitionJson });
            await note.ExecuteNonQueryAsync(stop);
            if (relation is not null && !index.Sql!.Contains(" using ", StringComparison.Ordinal))
            {
                // What a B-tree has as keys of their own: the columns that the statement names before what it includes.
                var keys = index.Sql.Split(" include (")[0];
                await ClassFollower.ExecuteAsync(connection, "update catalog.fields set indexed = true where table_number = $1 and column_name = any($2) and kind not in ('Relation', 'Array', 'Object')", stop,
                    table.Number, table.Fields.Where(f => f.Column is not null && keys.Contains(f.QuotedColumn, StringComparison.Ordinal)).Select(f => f.Column!).ToArray());
            }
            return true;
        },
        stop);

    private async Task ForgetAsync(Table table, TableIndex index, CancellationToken stop)
    {
        await follower.Catalog.ChangeFollowedAsync(
            async connection => await ClassFollower.ExecuteAsync(connection, "delete from catalog.indexes where table_number = $1 and name = $2", stop, table.Number, index.Name) > 0, stop);
        if (index.Relation is not null)
        {
            await using var drop = follower.Database.CreateCommand($"drop index if exists app.{Sql.Quote(index.Relation)}");
            await drop.ExecuteNonQueryAsync(stop);
        }
    }

    // Rows go when their time has come only as long as the source says so.
    private static async Task ExpireAsync(NpgsqlConnection connection, Table table, StagedTable staged, CancellationToken stop)
    {
        var columns = staged.Expirations.Keys.ToArray();
        await ClassFollower.ExecuteAsync(connection, "delete from jobs.expirations where relation = $1 and not column_name = any($2)", stop, table.Relation, columns);
        await ClassFollower.ExecuteAsync(connection, """
            insert into jobs.expirations (relation, column_name, seconds) select $1, n.c, n.s from unnest($2::text[], $3::bigint[]) n (c, s)
            on conflict (relation, column_name) do update set seconds = excluded.seconds where expirations.seconds <> excluded.seconds
            """, stop, table.Relation, columns, columns.Select(c => staged.Expirations[c]).ToArray());
    }

    // Columns that an index leads with which nobody declared.
    private static async Task<HashSet<string>> ColumnsAsync(NpgsqlConnection connection, Table table, CancellationToken stop)
    {
        var columns = new HashSet<string>(StringComparer.Ordinal);
        if (!table.System)
        {
            return columns;
        }
        await using var command = new NpgsqlCommand("""
            select a.attname::text
            from pg_index i join pg_class x on x.oid = i.indexrelid join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = $1::regclass and not x.relname = any($2)
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table.Quoted });
        command.Parameters.Add(new NpgsqlParameter { Value = table.Indexes.Where(i => i.Relation is not null).Select(i => i.Relation!).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            columns.Add(reader.GetString(0));
        }
        return columns;
    }

    // What the schema says of indexes, by the rules, by class.
    private async Task<Dictionary<string, List<SourceIndex>>> DeclaredAsync(CancellationToken stop)
    {
        var declared = new Dictionary<string, List<SourceIndex>>(StringComparer.Ordinal);
        var rewriter = new SchemaRewriter(follower.Rules);
        await foreach (var document in source.ReadAsync(follower.State.Prefix + Schema, null, stop))
        {
            if (rewriter.Rewrite(document.Span) is { IsEmpty: false } rewritten && SchemaReader.Read(new BsonValue(BsonType.Document, rewritten)) is { } schema)
            {
                declared[schema.Name] = [.. schema.Indexes];
            }
        }
        return declared;
    }
}
