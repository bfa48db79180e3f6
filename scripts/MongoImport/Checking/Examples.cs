using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Checking;

/// <summary>Finds the ids of documents whose numbers are known, by reading a collection up to the last of them.</summary>
internal static class Examples
{
    /// <summary>The ids by number; of a join row both ids.</summary>
    public static Dictionary<long, string> Of(SourceCollection collection, IReadOnlySet<long> numbers, CancellationToken stop)
    {
        var ids = new Dictionary<long, string>();
        if (numbers.Count == 0)
        {
            return ids;
        }
        using var reader = collection.Open();
        while (ids.Count < numbers.Count && reader.Read() is { } block)
        {
            using (block)
            {
                stop.ThrowIfCancellationRequested();
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    if (numbers.Contains(number))
                    {
                        ids[number] = Id(document) ?? $"document {number}";
                    }
                    number++;
                }
            }
        }
        return ids;
    }

    private static string? Id(ReadOnlySpan<byte> document)
    {
        try
        {
            var value = new BsonValue(BsonType.Document, document);
            if (value.TryFind("owningId"u8, out var owning) && value.TryFind("relatedId"u8, out var related) && Text(owning) is { } from && Text(related) is { } to)
            {
                return $"{from} -> {to}";
            }
            return (value.TryFind("objectId"u8, out var id) ? Text(id) : null) ?? (value.TryFind("_id"u8, out id) ? Text(id) : null);
        }
        catch (BsonFormatException)
        {
            // Told elsewhere; here it has only its number.
            return null;
        }
    }

    private static string? Text(BsonValue id) => id.Type switch
    {
        BsonType.Text => BsonText.Decode(id.Text),
        BsonType.ObjectId => Convert.ToHexStringLower(id.ObjectId),
        _ => null,
    };
}
