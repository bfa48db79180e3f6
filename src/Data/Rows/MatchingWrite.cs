namespace Backend.Data.Rows;

/// <summary>How many rows a write by a condition may concern: with fewer or more nothing is written.</summary>
/// <param name="Least">At least so many.</param>
/// <param name="Most">At most so many; <see cref="RowOptions.MaxChanged"/> holds besides.</param>
public readonly record struct RowBounds(int Least, int Most);

/// <summary>What a write by a condition did.</summary>
/// <param name="Found">How many rows it concerns, counted to one more than <see cref="RowOptions.MaxChanged"/>.</param>
/// <param name="Ids">The ids of the rows that were written, in the order of their creation; none when <paramref name="Found"/> is out of bounds.</param>
/// <param name="Rows">The rows that were deleted as they were, in the same order, when they were asked for.</param>
public sealed record MatchingWrite(int Found, IReadOnlyList<string> Ids, IReadOnlyList<Row> Rows);
