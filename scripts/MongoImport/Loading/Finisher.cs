using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>What a filled table needs before anybody may see it: keys, indexes, statistics, and answers about what its rows lead to.</summary>
internal sealed class Finisher(ImportRun run, TableLoader loader, Progress progress)
{
    /// <summary>Index builds at a time, over all tables: each keeps a core busy.</summary>
    private readonly SemaphoreSlim _builds = new(2);

    /// <summary>Makes the remaining keys and the indexes, and gathers statistics.</summary>
    public async Task FinishAsync(StagedTable table, ClassReport report, CancellationToken stop)
    {
        var keys = (await run.KeysOfAsync(table, table.Relation, stop)).Where(s => !IsPrimary(s)).ToList();
        var indexes = table.Indexes.Where(i => i.Sql is not null).ToList();
        progress.Expect(keys.Count + indexes.Count);
        var work = new List<Task>();
        // What takes longest first: a geographic index takes five times as long as any other, and is built by one process.
        foreach (var index in indexes.OrderByDescending(i => i.Sql!.Contains("::geography", StringComparison.Ordinal)))
        {
            work.Add(CountedAsync(BuildAsync(table, index, report, stop)));
        }
        foreach (var sql in keys)
        {
            work.Add(CountedAsync(BuildAsync(sql, stop)));
        }
        foreach (var companion in table.Companions)
        {
            work.Add(FinishCompanionAsync(table, companion, report, stop));
        }
        await Task.WhenAll(work);
        foreach (var relation in table.Relations)
        {
            await BuildAsync($"vacuum (analyze) {ImportRun.Quote(relation)}", stop);
        }
        await run.MeasureAsync(table, stop);
    }

    /// <summary>Counts references and join rows whose other end is not there.</summary>
    /// <param name="plan">The class.</param>
    /// <param name="table">Its table.</param>
    /// <param name="rows">The relation for SQL that holds a class's rows, or null when there is no such class.</param>
    /// <param name="report">Gets the counts.</param>
    /// <param name="stop">Cancels.</param>
    public async Task CountDanglingAsync(ClassPlan plan, StagedTable table, Func<string, string?> rows, ClassReport report, CancellationToken stop)
    {
        foreach (var field in table.Fields.Where(f => f is { Kind: FieldKind.Reference, Column: not null, Target: not null }))
        {
            var count = await ScalarAsync(rows(field.Target!) is { } target
                ? $"select count(*) from {table.Quoted} t where t.{field.QuotedColumn} is not null and not exists (select from {target} r where r.id = t.{field.QuotedColumn})"
                : $"select count({field.QuotedColumn}) from {table.Quoted}", stop);
            if (count > 0)
            {
                report.Dangling[field.Name] = report.Dangling.GetValueOrDefault(field.Name) + count;
            }
        }
        foreach (var join in plan.Joins)
        {
            var field = table.Fields.First(f => f.Name == join.Field);
            var related = rows(field.Target ?? "") is { } target ? $"not exists (select from {target} r where r.id = j.related_id)" : "true";
            report.Join(join.Field).Dangling = await ScalarAsync(
                $"select count(*) from {ImportRun.Quote(field.Column!)} j where {related} or not exists (select from {table.Quoted} o where o.id = j.owning_id)", stop);
        }
    }

    /// <summary>Finds out where a relation leads by looking for the ids in its join table.</summary>
    public async Task<string?> GuessTargetAsync(string joinTable, IEnumerable<(string Name, string Rows)> classes, CancellationToken stop)
    {
        const int sample = 100;
        (string? Name, long Found) best = (null, 0);
        foreach (var (name, rows) in classes)
        {
            var found = await ScalarAsync($"select count(*) from (select related_id from {ImportRun.Quote(joinTable)} limit {sample}) j where exists (select from {rows} r where r.id = j.related_id)", stop);
            if (found > best.Found)
            {
                best = (name, found);
            }
        }
        return best.Name;
    }

    /// <summary>Makes the primary key, settling ids that come twice.</summary>
    public async Task KeyAsync(ClassPlan plan, StagedTable table, ClassReport report, CancellationToken stop)
    {
        var primary = (await run.KeysOfAsync(table, table.Relation, stop)).First(IsPrimary);
        try
        {
            await BuildAsync(primary, stop);
            return;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Some id comes twice: load again, numbered, and keep the last of each.
        }
        await run.ForgetAsync(table, stop);
        string[] relations = plan.IsUsers ? [table.Relation, "identities"] : [table.Relation];
        foreach (var relation in relations)
        {
            await ExecuteAsync($"alter table {ImportRun.Quote(relation)} add column import_seq bigint", stop);
        }
        await loader.LoadAsync(plan, table, withSequence: true, report, stop);
        report.Duplicates = await ExecuteAsync($"""
            delete from {table.Quoted} t using (select ctid as row, row_number() over (partition by id order by import_seq{(plan.Rule.FirstWins ? "" : " desc")}) as n from {table.Quoted}) d
            where t.ctid = d.row and d.n > 1
            """, stop);
        if (plan.IsUsers)
        {
            await ExecuteAsync($"delete from import.identities i where not exists (select from {table.Quoted} u where u.id = i.user_id and u.import_seq = i.import_seq)", stop);
        }
        foreach (var relation in relations)
        {
            await ExecuteAsync($"alter table {ImportRun.Quote(relation)} drop column import_seq", stop);
        }
        await BuildAsync(primary, stop);
    }

    private async Task CountedAsync(Task build)
    {
        await build;
        progress.Built();
    }

    private async Task FinishCompanionAsync(StagedTable table, string relation, ClassReport report, CancellationToken stop)
    {
        var field = table.Fields.FirstOrDefault(f => f.Kind == FieldKind.Relation && f.Column == relation);
        foreach (var sql in await run.KeysOfAsync(table, relation, stop))
        {
            try
            {
                await BuildAsync(sql, stop);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && field is not null)
            {
                // Pairs that were linked twice: the first link counts.
                var quoted = ImportRun.Quote(relation);
                report.Join(field.Name).Duplicates = await ExecuteAsync($"""
                    delete from {quoted} j using (select ctid as row, row_number() over (partition by owning_id, related_id order by seq) as n from {quoted}) d
                    where j.ctid = d.row and d.n > 1
                    """, stop);
                await BuildAsync(sql, stop);
            }
        }
        if (field is not null)
        {
            await ExecuteAsync($"select setval(pg_get_serial_sequence('{ImportRun.Quote(relation).Replace("'", "''", StringComparison.Ordinal)}', 'seq'), greatest(coalesce((select max(seq) from {ImportRun.Quote(relation)}), 0), 1))", stop);
        }
    }

    // An index that the rows do not allow must not keep the class out: what is too large for it, or not as unique as it was said to be.
    private async Task BuildAsync(StagedTable table, StagedIndex index, ClassReport report, CancellationToken stop)
    {
        try
        {
            await BuildAsync(index.Sql!, stop);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && index.IfRefused is not null)
        {
            Note(report, $"Index {index.Name}: not unique here, because the rows are not.");
            await BuildAsync(table, index with { Sql = index.IfRefused, IfRefused = null }, report, stop);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.InternalError)
        {
            Note(report, $"Index {index.Name} is not built: {e.MessageText}.");
            table.Refuse(index.Name);
        }
    }

    private static void Note(ClassReport report, string sentence)
    {
        lock (report.Notes)
        {
            report.Notes.Add(sentence);
        }
    }

    private async Task BuildAsync(string sql, CancellationToken stop)
    {
        await _builds.WaitAsync(stop);
        try
        {
            await ExecuteAsync(sql, stop);
        }
        finally
        {
            _builds.Release();
        }
    }

    private async Task<int> ExecuteAsync(string sql, CancellationToken stop)
    {
        await using var command = run.Database.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync(stop);
    }

    private async Task<long> ScalarAsync(string sql, CancellationToken stop)
    {
        await using var command = run.Database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    private static bool IsPrimary(string sql) => sql.Contains(" primary key ", StringComparison.OrdinalIgnoreCase);
}
