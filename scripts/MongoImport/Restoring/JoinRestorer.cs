using System.Security.Cryptography;
using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Restoring;

/// <summary>Writes rows of join tables as documents of <c>_Join:field:Class</c> (contract/mongo-storage 1.8).</summary>
internal static class JoinRestorer
{
    private const int ObjectIdLength = 12;

    /// <summary>The collection's name.</summary>
    public static string CollectionOf(string field, string className) => $"_Join:{field}:{className}";

    /// <summary>Appends the document of a pair.</summary>
    /// <param name="owning">The row that has the relation.</param>
    /// <param name="related">The row that it links to.</param>
    /// <param name="id">The <c>_id</c> that the pair has in the source, as a BSON document of that only element; null: none is known.</param>
    /// <param name="to">Gets one whole document more.</param>
    public static void Restore(string owning, string related, ReadOnlySpan<byte> id, BsonWriter to)
    {
        to.Begin();
        if (!id.IsEmpty)
        {
            var reader = new BsonReader(id);
            reader.Read();
            to.Element(reader.Type, "_id"u8);
            to.Bytes(reader.Value.Raw);
        }
        else
        {
            // The same pair always gets the same id: writing it twice is writing it once.
            to.Element(BsonType.ObjectId, "_id"u8);
            to.Bytes(SHA256.HashData(Encoding.UTF8.GetBytes($"{owning}\0{related}")).AsSpan(0, ObjectIdLength));
        }
        to.Element(BsonType.Text, "relatedId"u8);
        to.Text(Encoding.UTF8.GetBytes(related));
        to.Element(BsonType.Text, "owningId"u8);
        to.Text(Encoding.UTF8.GetBytes(owning));
        to.End();
    }
}
