namespace Backend.MongoImport.Bson;

/// <summary>
/// The bytes are not BSON. <see cref="Offset"/> counts from the first byte of the document that was being read; whoever knows
/// where the document lies adds file and position (<see cref="Sources.SourceDamagedException"/>).
/// </summary>
internal sealed class BsonFormatException(string message, int offset) : Exception(message)
{
    /// <summary>Byte in the document at which the reader stopped.</summary>
    public int Offset { get; } = offset;
}
