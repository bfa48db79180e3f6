using System.Globalization;
using System.Text.Json;
using Backend.MongoDouble.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Live;

/// <summary>Indexes of a dump's metadata as a server lists them.</summary>
internal static class Indexes
{
    public static MongoDoc Of(SourceIndex index)
    {
        var key = new MongoDoc();
        foreach (var (name, direction) in index.Key)
        {
            key.Add(name, int.TryParse(direction, CultureInfo.InvariantCulture, out var number) ? number : direction);
        }
        var made = new MongoDoc { { "v", 2 }, { "key", key }, { "name", index.Name } };
        foreach (var (name, value) in index.Options)
        {
            made.Add(name, Value(value));
        }
        return made;
    }

    private static object? Value(JsonElement element)
    {
        if (CollectionMetadata.Number(element) is { } number)
        {
            return (int)number == number ? (int)number : number;
        }
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var doc = new MongoDoc();
                foreach (var property in element.EnumerateObject())
                {
                    doc.Add(property.Name, Value(property.Value));
                }
                return doc;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(Value).ToArray();
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return null;
        }
    }
}
