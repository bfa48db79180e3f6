using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Rows;

/// <summary>How rows are made: section <c>Rows</c>.</summary>
public sealed class RowOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Rows";

    /// <summary>How many characters the id of a new row has.</summary>
    [Range(10, 64, ErrorMessage = "Rows:IdLength must be between 10 and 64.")]
    public int IdLength { get; set; } = 10;
}
