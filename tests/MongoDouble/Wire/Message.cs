using System.Buffers.Binary;
using System.Text;
using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Wire;

/// <summary>
/// A request of MongoDB's wire protocol: OP_MSG with its sections, or the OP_QUERY that drivers begin a connection with. Document sequences stay bytes.
/// </summary>
internal sealed record Message(int RequestId, bool Legacy, MongoDoc Command, IReadOnlyDictionary<string, List<byte[]>> Sequences)
{
    private const int HeaderSize = 16;
    private const int Largest = 48_000_000;
    private const int OpReply = 1;
    private const int OpQuery = 2004;
    private const int OpMsg = 2013;

    private const uint MoreToCome = 2;

    /// <summary>Whether the client wants no answer.</summary>
    public bool Unanswered { get; private init; }

    /// <summary>Reads the next request; null at the connection's end.</summary>
    public static async Task<Message?> ReadAsync(Stream stream, CancellationToken stop)
    {
        var header = new byte[HeaderSize];
        if (await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, stop) < HeaderSize)
        {
            return null;
        }
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        var requestId = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4));
        var operation = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12));
        if (length is < HeaderSize or > Largest)
        {
            throw new FormatException($"a message of {length} bytes");
        }
        var body = new byte[length - HeaderSize];
        await stream.ReadExactlyAsync(body, stop);
        return operation switch
        {
            OpMsg => Sections(requestId, body),
            OpQuery => Query(requestId, body),
            _ => throw new FormatException($"operation {operation}"),
        };
    }

    /// <summary>The bytes of an answer to this request.</summary>
    public byte[] Answer(MongoDoc reply)
    {
        var document = reply.ToBytes();
        var before = HeaderSize + (Legacy ? 20 : 5);
        var bytes = new byte[before + document.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), RequestId);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Legacy ? OpReply : OpMsg);
        if (Legacy)
        {
            // Flags, cursor, first document: zero; one document.
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(HeaderSize + 16), 1);
        }
        document.CopyTo(bytes, before);
        return bytes;
    }

    private static Message Sections(int requestId, byte[] body)
    {
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(body);
        var sequences = new Dictionary<string, List<byte[]>>(StringComparer.Ordinal);
        MongoDoc? command = null;
        for (var at = 4; at < body.Length;)
        {
            var kind = body[at++];
            var size = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(at));
            if (kind == 0)
            {
                command = MongoDoc.Parse(body.AsMemory(at, size));
            }
            else
            {
                var end = body.AsSpan(at + 4).IndexOf((byte)0) + at + 4;
                var name = Encoding.UTF8.GetString(body.AsSpan(at + 4, end - at - 4));
                var documents = new List<byte[]>();
                for (var next = end + 1; next < at + size;)
                {
                    var length = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(next));
                    documents.Add(body.AsSpan(next, length).ToArray());
                    next += length;
                }
                sequences.Add(name, documents);
            }
            at += size;
        }
        return new(requestId, false, command ?? throw new FormatException("a message without a command"), sequences) { Unanswered = (flags & MoreToCome) != 0 };
    }

    private static Message Query(int requestId, byte[] body)
    {
        var end = body.AsSpan(4).IndexOf((byte)0) + 4;
        var collection = Encoding.UTF8.GetString(body.AsSpan(4, end - 4));
        var command = MongoDoc.Parse(body.AsMemory(end + 9));
        command = command.Nested("$query") ?? command;
        command["$db"] = collection.Split('.')[0];
        return new(requestId, true, command, new Dictionary<string, List<byte[]>>());
    }
}
