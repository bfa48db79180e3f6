namespace Backend.Data.Catalog;

/// <content>Fields on their way from the rows' <c>rest</c> to columns; the steps are described at <see cref="FieldPromotion"/>.</content>
public sealed partial class LiveCatalog
{
    /// <summary>Gives a field without a column one, to be read from now on. Nothing happens when the table is locked for too long or has too many columns.</summary>
    internal Task<CatalogSnapshot> PrepareColumnAsync(string origin, string name, CancellationToken cancellation) => ChangeAsync(async change =>
        change.Snapshot.FindByOrigin(origin) is { } table && table.Find(name) is { Column: null } field && await change.PrepareColumnAsync(table, field), cancellation);

    /// <summary>Goes on to the next step when the present one is known for long enough.</summary>
    /// <param name="origin">The table.</param>
    /// <param name="name">The field.</param>
    /// <param name="from">The step that it must be at.</param>
    /// <param name="to">The next one. <see cref="FieldPromotion.None"/> stands for the end: nobody looks into <c>rest</c> any more.</param>
    /// <param name="pause">How long the present step must have been known.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    internal Task<CatalogSnapshot> PromoteAsync(string origin, string name, FieldPromotion from, FieldPromotion to, TimeSpan pause, CancellationToken cancellation) =>
        ChangeAsync(change => change.PromoteAsync(change.Require(origin), name, from, to, pause), cancellation);

    /// <summary>Leaves a field with values that its column cannot hold where it is.</summary>
    internal Task<CatalogSnapshot> StopPromotionAsync(string origin, string name, CancellationToken cancellation) =>
        ChangeAsync(change => change.StopPromotionAsync(change.Require(origin), name), cancellation);
}
