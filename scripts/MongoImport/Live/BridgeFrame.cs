using System.Buffers.Binary;
using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Live;

/// <summary>A message of the bridge: its kind and documents one after the other. Valid until the next one is received.</summary>
internal readonly record struct BridgeFrame(char Kind, ReadOnlyMemory<byte> Payload)
{
    public const int HeaderSize = 5;

    /// <summary>What neither side goes beyond.</summary>
    public const int LargestPayload = 64 * 1024 * 1024;

    /// <summary>Takes the next document off a payload; false at its end.</summary>
    /// <exception cref="BridgeException">It does not consist of documents.</exception>
    public static bool TryTake(ref ReadOnlyMemory<byte> payload, out ReadOnlyMemory<byte> document)
    {
        document = default;
        if (payload.IsEmpty)
        {
            return false;
        }
        var length = payload.Length >= BsonReader.SmallestDocument ? BinaryPrimitives.ReadInt32LittleEndian(payload.Span) : 0;
        if (length < BsonReader.SmallestDocument || length > payload.Length)
        {
            throw new BridgeException(BridgeException.Protocol, "a frame does not consist of documents");
        }
        document = payload[..length];
        payload = payload[length..];
        return true;
    }

    /// <summary>The first document.</summary>
    /// <exception cref="BridgeException">There is none.</exception>
    public ReadOnlyMemory<byte> Head()
    {
        var payload = Payload;
        return TryTake(ref payload, out var document) ? document : throw new BridgeException(BridgeException.Protocol, $"a frame of kind {Kind} is empty");
    }

    /// <summary>A text in a document; null where there is none.</summary>
    public static string? Text(ReadOnlySpan<byte> document, ReadOnlySpan<byte> name) =>
        new BsonValue(BsonType.Document, document).TryFind(name, out var value) && value.Type == BsonType.Text ? Encoding.UTF8.GetString(value.Text) : null;

    /// <summary>A number in a document; null where there is none.</summary>
    public static long? Number(ReadOnlySpan<byte> document, ReadOnlySpan<byte> name) =>
        !new BsonValue(BsonType.Document, document).TryFind(name, out var value) ? null : value.Type switch
        {
            BsonType.Int32 => value.Int32,
            BsonType.Int64 => value.Int64,
            BsonType.Double => (long)value.Double,
            BsonType.Boolean => value.Boolean ? 1 : 0,
            _ => null,
        };

    /// <summary>A document in a document; null where there is none.</summary>
    public static byte[]? Nested(ReadOnlySpan<byte> document, ReadOnlySpan<byte> name) =>
        new BsonValue(BsonType.Document, document).TryFind(name, out var value) && value.Type == BsonType.Document ? value.Raw.ToArray() : null;
}
