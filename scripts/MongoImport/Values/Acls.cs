using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>Access lists as documents: <c>{"*": {"read": true}}</c>, in stored form <c>{"*": {"r": true}}</c>.</summary>
internal static class Acls
{
    /// <summary>Who has a true flag of each kind, in the document's order. What is no document of flags grants nothing.</summary>
    public static RowAcl Of(BsonValue document, ReadOnlySpan<byte> read, ReadOnlySpan<byte> write)
    {
        var readers = ImmutableArray.CreateBuilder<string>();
        var writers = ImmutableArray.CreateBuilder<string>();
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            if (reader.Type != BsonType.Document || !BsonText.IsStorable(reader.Name))
            {
                continue;
            }
            var name = System.Text.Encoding.UTF8.GetString(reader.Name);
            if (IsTrue(reader.Value, read) && !readers.Contains(name))
            {
                readers.Add(name);
            }
            if (IsTrue(reader.Value, write) && !writers.Contains(name))
            {
                writers.Add(name);
            }
        }
        return new RowAcl(readers.ToImmutable(), writers.ToImmutable());
    }

    private static bool IsTrue(BsonValue flags, ReadOnlySpan<byte> name) => flags.TryFind(name, out var flag) && flag.Type == BsonType.Boolean && flag.Boolean;
}
