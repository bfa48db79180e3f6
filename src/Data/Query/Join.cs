using System.Collections.Immutable;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>
/// The row that a reference leads to, read by the same statement, if the caller may get it. For short lists: every row of the answer looks its
/// own up. A page of rows whose references mostly lead to the same few is read as cheaply in two statements.
/// </summary>
/// <param name="Reference">A reference field of the query's table, with a column.</param>
/// <param name="Target">The table that it leads to.</param>
/// <param name="Fields">The target's fields that are wanted; default: all that the caller may see.</param>
public sealed record Join(Field Reference, Table Target, ImmutableArray<Field> Fields = default);
