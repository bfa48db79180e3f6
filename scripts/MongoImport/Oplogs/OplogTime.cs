using System.Globalization;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Oplogs;

/// <summary>The time of an entry of the oplog: a second, and a number within it. Orders all entries of a replica set.</summary>
/// <param name="Seconds">Seconds since 1970, UTC.</param>
/// <param name="Increment">The number within the second, from 1.</param>
internal readonly record struct OplogTime(uint Seconds, uint Increment) : IComparable<OplogTime>
{
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeSeconds(Seconds);

    public static OplogTime Of(BsonValue timestamp) => new(timestamp.Timestamp.Seconds, timestamp.Timestamp.Increment);

    public static bool operator <(OplogTime left, OplogTime right) => left.CompareTo(right) < 0;

    public static bool operator >(OplogTime left, OplogTime right) => left.CompareTo(right) > 0;

    public static bool operator <=(OplogTime left, OplogTime right) => left.CompareTo(right) <= 0;

    public static bool operator >=(OplogTime left, OplogTime right) => left.CompareTo(right) >= 0;

    public int CompareTo(OplogTime other) => Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Increment.CompareTo(other.Increment);

    /// <summary>As an operator can find it again: the instant, and the timestamp as MongoDB's shell shows it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At:yyyy-MM-dd HH:mm:ss}Z (Timestamp({Seconds}, {Increment}))");

    /// <summary>Appends it as the value of a BSON element.</summary>
    public void Write(ReadOnlySpan<byte> name, BsonWriter to)
    {
        to.Element(BsonType.Timestamp, name);
        to.Int64((long)(((ulong)Seconds << 32) | Increment));
    }
}
