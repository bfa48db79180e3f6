using System.Globalization;

namespace Backend.Data.Changes;

/// <summary>
/// A place in the change feed: the snapshot of a database, which says of each transaction whether its changes are before or after it (design section 9).
/// <see cref="ToString"/> and <see cref="Parse"/> keep it as a text that means nothing elsewhere.
/// </summary>
public sealed record FeedPosition
{
    internal FeedPosition(string cluster, long number, string snapshot)
    {
        Cluster = cluster;
        Number = number;
        Snapshot = snapshot;
    }

    /// <summary>The cluster's system identifier and the database's oid: transaction ids mean nothing elsewhere.</summary>
    internal string Cluster { get; init; }

    /// <summary>The feed's sequence as it was before the snapshot was taken: tables that are listened to since then are complete from here on.</summary>
    internal long Number { get; init; }

    /// <summary>A <c>pg_snapshot</c>: what it sees is before this place.</summary>
    internal string Snapshot { get; init; }

    /// <summary>In the middle of a long way: the snapshot at its end, and the sequence up to which it has been gone. Null: not in the middle.</summary>
    internal (string Snapshot, long Number, long After, long Last)? Target { get; init; }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is not such a text.</exception>
    public static FeedPosition Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(';');
        if (parts.Length is not (3 or 7))
            throw new FormatException("This is no position of the change feed.");
        var position = new FeedPosition(parts[0], Integer(parts[1]), parts[2]);
        return parts.Length == 3 ? position : position with { Target = (parts[3], Integer(parts[4]), Integer(parts[5]), Integer(parts[6])) };
    }

    /// <summary>The position as a text of a few dozen bytes, without blanks.</summary>
    public override string ToString() => Target is { } target
        ? string.Create(CultureInfo.InvariantCulture, $"{Cluster};{Number};{Snapshot};{target.Snapshot};{target.Number};{target.After};{target.Last}")
        : string.Create(CultureInfo.InvariantCulture, $"{Cluster};{Number};{Snapshot}");

    private static long Integer(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
