using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Aggregation;

/// <summary>Runs pipelines and distincts over tables, each as one statement. For administrators alone: documents show every field.</summary>
public sealed class AggregationStore(NpgsqlDataSource database, Replica replica)
{
    /// <summary>Opens a cursor over the documents that come out of a pipeline, or over distinct values. The caller disposes it.</summary>
    /// <exception cref="Refusal">No administrator; or an expression that cannot be computed; or the time limit.</exception>
    public async Task<DocumentCursor> OpenAsync(Aggregation aggregation, Caller caller, CancellationToken cancellation = default)
    {
        var table = aggregation.Source.Table;
        Require(table, caller);
        if (aggregation.MayLag && replica.IsConfigured
            && await replica.TryReadAsync(lagging => DocumentCursor.OpenAsync(lagging, Print(new Statement(), aggregation, caller), table, cancellation), cancellation) is { } cursor)
            return cursor;
        return await DocumentCursor.OpenAsync(await database.OpenConnectionAsync(cancellation), Print(new Statement(), aggregation, caller), table, cancellation);
    }

    /// <summary>PostgreSQL's plan as JSON.</summary>
    /// <param name="aggregation">What would be computed.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="analyze">Whether it is computed, so that the plan holds what it took.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <exception cref="Refusal">As for <see cref="OpenAsync"/>.</exception>
    public Task<byte[]> ExplainAsync(Aggregation aggregation, Caller caller, bool analyze, CancellationToken cancellation = default)
    {
        Require(aggregation.Source.Table, caller);
        return QueryPlan.ReadAsync(database, Print(QueryPlan.Begin(analyze), aggregation, caller), aggregation.Source.Table, cancellation);
    }

    private static Statement Print(Statement statement, Aggregation aggregation, Caller caller)
    {
        var compiler = new PipelineCompiler(statement, caller);
        if (aggregation.Distinct is { } path)
            compiler.PrintDistinct(aggregation.Source, path, aggregation.Rows);
        else
            compiler.Print(aggregation.Source, aggregation.Stages, aggregation.Rows);
        return statement;
    }

    private static void Require(Table table, Caller caller)
    {
        if (!caller.IsAdministrator)
            throw new Refusal(RefusalKind.PermissionDenied, "Only administrators aggregate.", table.Origin) { Operation = Operation.Find };
    }
}
