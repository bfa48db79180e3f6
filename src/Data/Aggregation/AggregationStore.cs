using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Aggregation;

/// <summary>Runs pipelines and distincts over tables, each as one statement. For administrators alone: documents show every field.</summary>
public sealed class AggregationStore(NpgsqlDataSource database)
{
    /// <summary>Opens a cursor over the documents that come out of a pipeline. The caller disposes it.</summary>
    /// <exception cref="Refusal">No administrator; or an expression that cannot be computed; or the time limit.</exception>
    public Task<DocumentCursor> OpenAsync(DocumentSource source, ImmutableArray<Stage> stages, Filter rows, Caller caller, CancellationToken cancellation = default)
    {
        Require(source, caller);
        var statement = new Statement();
        new PipelineCompiler(statement, caller).Print(source, stages, rows);
        return DocumentCursor.OpenAsync(database, statement, source.Table, cancellation);
    }

    /// <summary>Opens a cursor over the distinct values at a path, in the order of their first appearance: of arrays their elements, without null.</summary>
    /// <exception cref="Refusal">No administrator; or the time limit.</exception>
    public Task<DocumentCursor> OpenDistinctAsync(DocumentSource source, ImmutableArray<string> path, Filter rows, Caller caller, CancellationToken cancellation = default)
    {
        Require(source, caller);
        var statement = new Statement();
        new PipelineCompiler(statement, caller).PrintDistinct(source, path, rows);
        return DocumentCursor.OpenAsync(database, statement, source.Table, cancellation);
    }

    private static void Require(DocumentSource source, Caller caller)
    {
        if (!caller.IsAdministrator)
            throw new Refusal(RefusalKind.PermissionDenied, "Only administrators aggregate.", source.Table.Origin) { Operation = Operation.Find };
    }
}
