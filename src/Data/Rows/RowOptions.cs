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

    /// <summary>How many rows one write by a condition may change or delete. They are one statement, which ends with <c>Database:StatementTimeout</c>.</summary>
    [Range(1, 100_000, ErrorMessage = "Rows:MaxChanged must be between 1 and 100,000.")]
    public int MaxChanged { get; set; } = 10_000;
}
