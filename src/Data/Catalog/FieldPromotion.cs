namespace Backend.Data.Catalog;

/// <summary>
/// How far a field is on its way from the rows' <c>rest</c> to a column (design section 3). Each step is known to every process before the next:
/// processes that are one step apart write so that a row never has two values, and read so that none is missed.
/// </summary>
public enum FieldPromotion
{
    /// <summary>It is not on its way.</summary>
    None,

    /// <summary>The column is read besides <c>rest</c>; values are written to <c>rest</c>, and the column is emptied.</summary>
    Prepared,

    /// <summary>Values are written to the column, and taken out of <c>rest</c>; a job moves those that are still there.</summary>
    Moving,

    /// <summary>All are moved; readers still look into <c>rest</c>, but nobody writes there without announcing it.</summary>
    Closing,
}
