using System.Security.Cryptography;
using System.Text;
using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Imports;

/// <summary>Makes the tables of schema <c>import</c>.</summary>
internal sealed class Staging(NpgsqlDataSource database)
{
    private readonly SemaphoreSlim _naming = new(1);
    private readonly HashSet<string> _staged = new(StringComparer.Ordinal);

    /// <summary>Relations that belong to a system table without being join tables.</summary>
    public static IReadOnlyList<string> CompanionsOf(Table table) => table is { System: true, Relation: "users" } ? ["identities"] : [];

    /// <summary>Makes the table, unless the one that a broken-off run has left is the same.</summary>
    public async Task<StagedTable> CreateAsync(StagedTableSpec spec, Table? existing, bool keepFields, string fingerprint, KeptTable? kept, CancellationToken cancellation)
    {
        // Names must be distinct over all tables: one at a time. Making an empty table is quick.
        await _naming.WaitAsync(cancellation);
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            var taken = await RelationsAsync(connection, cancellation);
            taken.UnionWith(_staged);
            var script = new List<string>();
            var table = existing is { System: true }
                ? await CloneAsync(connection, script, spec, existing, taken, fingerprint)
                : Fresh(script, spec, existing, keepFields, taken, fingerprint);
            table.Definition = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', script))));
            _staged.UnionWith(table.Relations);
            if (kept?.State.Definition == table.Definition && await AreThereAsync(connection, table, cancellation))
            {
                table.Stage = kept.Stage;
                if (kept.Stage == ImportStage.Loaded)
                    await StripAsync(connection, table, cancellation);
                return table;
            }

            // Also those that a field had which the table no longer has: its script makes them and drops them.
            foreach (var relation in existing is null ? table.Relations : table.Relations.Union(ImportState.Relations(existing)))
                await ExecuteAsync(connection, $"drop table if exists {ImportRun.Quote(relation)} cascade");
            foreach (var statement in script)
                await ExecuteAsync(connection, statement);
            return table;
        }
        finally
        {
            _naming.Release();
        }
    }

    /// <summary>Drops what nobody staged.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand("""
            select format('drop table if exists import.%I cascade', relname) from pg_class where relnamespace = 'import'::regnamespace and relkind = 'r' and relname <> all($1)
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = _staged.ToArray() });
        foreach (var statement in await TextsAsync(command, cancellation))
            await ExecuteAsync(connection, statement);
    }

    private static async Task<bool> AreThereAsync(NpgsqlConnection connection, StagedTable table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select bool_and(to_regclass(r) is not null) from unnest($1) r", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table.Relations.Select(ImportRun.Quote).ToArray() });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // Which of the keys and indexes had been made is not known: they are made again.
    private static async Task StripAsync(NpgsqlConnection connection, StagedTable table, CancellationToken cancellation)
    {
        foreach (var relation in table.Relations)
        {
            await using var command = new NpgsqlCommand("""
                select format('alter table %s drop constraint %I', $1, conname) from pg_constraint where conrelid = $1::regclass and contype in ('p', 'u', 'x')
                union all
                select format('drop index import.%I', x.relname) from pg_index i join pg_class x on x.oid = i.indexrelid
                where i.indrelid = $1::regclass and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
                """, connection);
            command.Parameters.Add(new NpgsqlParameter { Value = ImportRun.Quote(relation) });
            foreach (var statement in await TextsAsync(command, cancellation))
                await ExecuteAsync(connection, statement);
        }
    }

    /// <summary>The statements that give a filled relation its keys and indexes, each to be run by itself.</summary>
    public async Task<IReadOnlyList<string>> KeysOfAsync(StagedTable table, string relation, CancellationToken cancellation)
    {
        if (table.Existing is { System: true } existing && ImportState.Relations(existing).Contains(relation))
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            var copied = await CopiedKeysAsync(connection, existing, relation);
            if (relation == table.Relation)
            {
                var added = table.Fields.Where(f => !f.System && !table.IndexedColumns.Contains(f.Column ?? ""));
                copied.AddRange(added.Where(f => f is { Kind: FieldKind.Reference, Column: not null }).Select(f => ReferenceIndexSql(relation, f)));
            }

            return copied;
        }

        var quoted = ImportRun.Quote(relation);
        if (relation != table.Relation)
        {
            return
            [
                $"alter table {quoted} add constraint {Sql.Quote(Naming.Index(relation, "pkey"))} primary key (owning_id, related_id)",
                $"create index {Sql.Quote(Naming.Index(relation, "related_id"))} on {quoted} (related_id, owning_id)",
            ];
        }

        return
        [
            $"alter table {quoted} add constraint {Sql.Quote(Naming.Index(relation, "pkey"))} primary key (id)",
            $"create index {Sql.Quote(Naming.Index(relation, "created_at"))} on {quoted} (created_at, id{AccessKey.Suffix})",
            .. table.Fields.Where(f => f is { Kind: FieldKind.Reference, Column: not null }).Select(f => ReferenceIndexSql(relation, f)),
        ];
    }

    // Every reference has one.
    private static string ReferenceIndexSql(string relation, Field field) =>
        $"create index {Sql.Quote(Naming.Index(relation, field.Column!, "idx"))} on {ImportRun.Quote(relation)} ({field.QuotedColumn}{AccessKey.Suffix})";

    private static StagedTable Fresh(List<string> script, StagedTableSpec spec, Table? existing, bool keepFields, HashSet<string> taken, string fingerprint)
    {
        var relation = existing?.Relation ?? Naming.Relation(spec.Origin, taken);
        taken.Add(relation);
        script.Add($"""
            create table {ImportRun.Quote(relation)} (
                id text collate "C" not null,
                created_at timestamptz(3) not null,
                updated_at timestamptz(3) not null,
                acl_read text[],
                acl_write text[],
                public_read boolean not null generated always as (acl_read is null or '*' = any(acl_read)) stored,
                public_write boolean not null generated always as (acl_write is null or '*' = any(acl_write)) stored,
                rest jsonb
            )
            """);
        var specs = spec.Fields.ToList();
        if (keepFields)
            specs.AddRange(existing!.Fields.Where(f => spec.Fields.All(s => s.Name != f.Name)).Select(f => new FieldSpec(f.Name, f.Kind, f.Target) { Required = f.Required, Default = f.Default }));
        var columns = new HashSet<string>(StringComparer.Ordinal);
        var fields = AddFields(script, relation, specs, columns, existing, taken, spec);
        return new StagedTable(spec, existing, relation, fields, [.. fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Column!)]) { Fingerprint = fingerprint };
    }

    private static async Task<StagedTable> CloneAsync(NpgsqlConnection connection, List<string> script, StagedTableSpec spec, Table existing, HashSet<string> taken, string fingerprint)
    {
        foreach (var relation in ImportState.Relations(existing))
            script.Add($"create table {ImportRun.Quote(relation)} (like app.{Sql.Quote(relation)} including all excluding indexes)");
        var columns = await ColumnsAsync(connection, existing.Relation);
        // What "like" stands for today.
        script.Add("-- " + string.Join(", ", columns.Order(StringComparer.Ordinal)));
        var kept = new List<Field>();
        foreach (var field in existing.Fields)
        {
            // A field that an earlier import added may have another type now.
            var wanted = spec.Fields.FirstOrDefault(f => f.Name == field.Name);
            if (field.System || wanted is null || (wanted.Kind == field.Kind && wanted.Target == field.Target))
            {
                kept.Add(field with
                {
                    Required = field.System ? field.Required : wanted?.Required ?? field.Required,
                    Default = field.System ? field.Default : wanted?.Default ?? field.Default,
                    HasRest = false,
                    Indexed = (field.System && field.Indexed) || IsIndexed(field.Name, field.Kind, field.Column, spec),
                });
                continue;
            }

            if (field.Kind == FieldKind.Relation)
                script.Add($"drop table {ImportRun.Quote(field.Column!)}");
            else if (field.Column is not null)
                script.Add($"alter table {ImportRun.Quote(existing.Relation)} drop column {field.QuotedColumn}");
        }

        var added = spec.Fields.Where(f => kept.All(k => k.Name != f.Name)).ToList();
        var fields = kept.Concat(AddFields(script, existing.Relation, added, columns, existing, taken, spec)).ToList();
        return new StagedTable(spec, existing, existing.Relation, fields, [.. fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Column!), .. CompanionsOf(existing)])
        {
            Fingerprint = fingerprint,
            IndexedColumns = await IndexedColumnsAsync(connection, existing),
        };
    }

    // A B-tree holds it, and so not too long a text.
    private static bool IsIndexed(string name, FieldKind kind, string? column, StagedTableSpec spec) =>
        column is not null && (kind == FieldKind.Reference || (kind is not (FieldKind.Array or FieldKind.Object) && spec.IndexedFields.Contains(name)));

    private static async Task<HashSet<string>> IndexedColumnsAsync(NpgsqlConnection connection, Table existing)
    {
        await using var command = new NpgsqlCommand("""
            select a.attname::text
            from pg_index i join pg_class x on x.oid = i.indexrelid join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = $1::regclass and not x.relname = any($2)
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = existing.Quoted });
        command.Parameters.Add(new NpgsqlParameter { Value = Declared(existing) });
        return await TextsAsync(command, CancellationToken.None);
    }

    private static string[] Declared(Table existing) => [.. existing.Indexes.Where(i => i.Relation is not null).Select(i => i.Relation!)];

    private static List<Field> AddFields(List<string> script, string relation, List<FieldSpec> specs, HashSet<string> columns, Table? existing,
        HashSet<string> taken, StagedTableSpec spec)
    {
        var fields = Name(relation, specs, columns, existing, taken, spec);
        foreach (var field in fields.Where(f => f.Kind == FieldKind.Relation))
        {
            script.Add($"""
                create table {ImportRun.Quote(field.Column!)} (
                    owning_id text collate "C" not null,
                    related_id text collate "C" not null,
                    seq bigint generated by default as identity
                )
                """);
        }

        var add = fields.Where(f => f is { Column: not null, Kind: not FieldKind.Relation }).Select(f => $"add column {f.QuotedColumn} {CatalogChange.TypeOf(f.Kind)}").ToList();
        if (add.Count > 0)
            script.Add($"alter table {ImportRun.Quote(relation)} {string.Join(", ", add)}");
        return fields;
    }

    /// <summary>Gives fields their columns and join tables; nothing is made.</summary>
    internal static List<Field> Name(string relation, IEnumerable<FieldSpec> specs, HashSet<string> columns, Table? existing, HashSet<string> taken, StagedTableSpec spec)
    {
        var fields = new List<Field>();
        foreach (var field in specs)
        {
            string? column;
            if (field.Kind == FieldKind.Relation)
            {
                column = existing?.Find(field.Name) is { Kind: FieldKind.Relation } same ? same.Column! : Naming.JoinTable(relation, field.Name, taken);
                taken.Add(column);
            }
            else if (columns.Count >= CatalogChange.MaxColumns)
            {
                column = null;
            }
            else
            {
                column = Naming.Column(field.Name, columns);
                columns.Add(column);
            }

            fields.Add(new Field
            {
                Name = field.Name,
                Kind = field.Kind,
                Target = field.Target,
                Column = column,
                Required = field.Required,
                Default = field.Default,
                Indexed = IsIndexed(field.Name, field.Kind, column, spec),
            });
        }

        return fields;
    }

    // Constraints first: they bring their indexes. Foreign keys and triggers come with the publication, when all tables are in place.
    private static async Task<List<string>> CopiedKeysAsync(NpgsqlConnection connection, Table existing, string relation)
    {
        const string sql = """
            select format('alter table import.%I add constraint %I %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
            from pg_constraint k join pg_class c on c.oid = k.conrelid where k.conrelid = $1::regclass and k.contype in ('p', 'u', 'x')
            union all
            select pg_get_indexdef(i.indexrelid)
            from pg_index i join pg_class x on x.oid = i.indexrelid
            where i.indrelid = $1::regclass and not x.relname = any($2) and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = "app." + Sql.Quote(relation) });
        command.Parameters.Add(new NpgsqlParameter { Value = Declared(existing) });
        var from = $" ON app.{relation} ";
        var fromQuoted = $" ON app.{Sql.Quote(relation)} ";
        var to = $" ON {ImportRun.Quote(relation)} ";
        var statements = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            statements.Add(reader.GetString(0).Replace(from, to, StringComparison.Ordinal).Replace(fromQuoted, to, StringComparison.Ordinal));
        return statements;
    }

    private static async Task<HashSet<string>> ColumnsAsync(NpgsqlConnection connection, string relation)
    {
        await using var command = new NpgsqlCommand("select attname::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = "app." + Sql.Quote(relation) });
        return await TextsAsync(command, CancellationToken.None);
    }

    private static async Task<HashSet<string>> RelationsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select relname::text from pg_class where relnamespace = 'app'::regnamespace", connection);
        return await TextsAsync(command, cancellation);
    }

    private static async Task<HashSet<string>> TextsAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            texts.Add(reader.GetString(0));
        return texts;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
