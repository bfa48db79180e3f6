namespace Backend.Data.Catalog;

/// <summary>What changes of the catalog left to be done, for people: indexes that are not ready, fields on their way to a column.</summary>
public sealed class CatalogWork(LiveCatalog catalog, IndexBuilder indexes)
{
    /// <summary>Reads it.</summary>
    public async Task<CatalogWorkReport> ReadAsync(CancellationToken cancellation = default)
    {
        var unready = (await indexes.ReadAsync(cancellation)).Where(i => i.State is not (IndexState.Ready or IndexState.Noted));
        var fields = (await catalog.GetAsync(cancellation)).Tables
            .SelectMany(t => t.Fields.Where(f => f.Kind != FieldKind.Relation && (f.Column is null || f.Promotion != FieldPromotion.None)).Select(f => new FieldOnItsWay(t.Name, f.Name, f.Promotion)));
        return new CatalogWorkReport([.. unready], [.. fields]);
    }
}

/// <summary>What is left to be done.</summary>
/// <param name="Indexes">Declared indexes that do not serve queries yet.</param>
/// <param name="Fields">Fields whose values are, some or all, in the rows' <c>rest</c>.</param>
public sealed record CatalogWorkReport(IReadOnlyList<IndexReport> Indexes, IReadOnlyList<FieldOnItsWay> Fields);

/// <summary>A field that is to have a column.</summary>
/// <param name="Table">The name of its table.</param>
/// <param name="Field">Its name.</param>
/// <param name="Step">How far it is; <see cref="FieldPromotion.None"/>: it has no column yet.</param>
public sealed record FieldOnItsWay(string Table, string Field, FieldPromotion Step);
