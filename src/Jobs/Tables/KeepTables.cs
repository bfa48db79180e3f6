using Backend.Data.Catalog;
using Backend.Data.Catalog.Promotion;

namespace Backend.Jobs.Tables;

/// <summary>Asks for <see cref="KeepTables"/>.</summary>
internal sealed record TablesToKeep;

/// <summary>Does what changes of the catalog left for later: moves fields from the rows' <c>rest</c> to columns, builds declared indexes that are missing.</summary>
internal sealed class KeepTables(FieldPromoter fields, IndexBuilder indexes) : IJob<TablesToKeep>
{
    public async Task RunAsync(TablesToKeep arguments, JobRun run, CancellationToken cancellation)
    {
        await indexes.RunAsync(cancellation);
        await fields.RunAsync(cancellation);
    }
}
