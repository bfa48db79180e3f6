using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Catalog;

/// <summary>How the catalog is kept: section <c>Catalog</c>.</summary>
public sealed class CatalogOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Catalog";

    /// <summary>
    /// How long each step of a field's way from <c>rest</c> to a column lasts at least: longer than any request, which may still go by what it knew
    /// when it began. Default: one minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Catalog:PromotionPause must be between 0 and 1 day.")]
    public TimeSpan PromotionPause { get; set; } = TimeSpan.FromMinutes(1);
}
