namespace Backend.Compare;

/// <summary>One thing in which two answers differ.</summary>
/// <param name="Kind">status, error code, error text, missing, extra, type, value, order, length, header, body, no answer.</param>
/// <param name="Path">Where: <c>results[].score</c>, or a header's name.</param>
/// <param name="Old">What the old server says, shortened.</param>
/// <param name="New">What the new one says, shortened.</param>
internal sealed record Difference(string Kind, string Path, string Old, string New);

/// <summary>An answer.</summary>
/// <param name="Status">Its status; 0: none came.</param>
/// <param name="Headers">The headers that are compared.</param>
/// <param name="Body">Its body; without an answer, why.</param>
internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body);
