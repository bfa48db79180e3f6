using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Store;

/// <summary>Something that happened, as change streams tell it.</summary>
/// <param name="Number">Its place in the history, from 1.</param>
/// <param name="Operation">insert, update, replace, delete, drop, rename, dropDatabase, invalidate.</param>
/// <param name="Database">Where.</param>
/// <param name="Collection">Where; empty for a whole database.</param>
/// <param name="Id">The document's id, where there is one.</param>
/// <param name="Document">The document of an insert or replacement.</param>
/// <param name="NewName">The new name of a renamed collection.</param>
/// <param name="At">When.</param>
internal sealed record Change(long Number, string Operation, string Database, string Collection, RawValue? Id, byte[]? Document, string? NewName, DateTimeOffset At)
{
    public ulong ClusterTime => Clock(Number);

    /// <summary>A second for each change: enough for an order.</summary>
    public static ulong Clock(long number) => (ulong)(1_700_000_000 + number) << 32 | 1;

    public static MongoDoc Token(long number) => new() { { "_data", $"82{number:x16}" } };

    /// <summary>The number in a token; -1 when it is no token of ours.</summary>
    public static long NumberOf(MongoDoc token) =>
        token.Text("_data") is { Length: 18 } text && text.StartsWith("82", StringComparison.Ordinal)
        && long.TryParse(text[2..], System.Globalization.NumberStyles.HexNumber, null, out var number) ? number : -1;
}
