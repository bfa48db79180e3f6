using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>The conditions that the tests use: equality of first-level fields, and $in, $gt, $exists on them.</summary>
internal static class Filters
{
    /// <summary>The documents of a collection that satisfy a filter.</summary>
    public static IEnumerable<byte[]> Find(StoredCollection collection, MongoDoc? filter)
    {
        if (filter is null || filter.Count == 0)
        {
            return collection.All;
        }
        if (filter.Count == 1 && filter.First == "_id")
        {
            if (Operators(filter["_id"]) is not { } operators)
            {
                return collection.Find(IdKey.Of(filter["_id"])) is { } one ? [one] : [];
            }
            if (operators.Count == 1 && operators.First == "$in")
            {
                return operators.List("$in").Select(id => collection.Find(IdKey.Of(id))).OfType<byte[]>();
            }
        }
        return collection.All.Where(document => Matches(MongoDoc.Parse(document), filter));
    }

    private static bool Matches(MongoDoc document, MongoDoc filter) => filter.All(condition =>
    {
        var value = document[condition.Key];
        if (Operators(condition.Value) is not { } operators)
        {
            return IdKey.Of(value) == IdKey.Of(condition.Value);
        }
        return operators.All(o => o.Key switch
        {
            "$eq" => IdKey.Of(value) == IdKey.Of(o.Value),
            "$in" => operators.List("$in").Any(item => IdKey.Of(item) == IdKey.Of(value)),
            "$gt" => IdKey.Of(value) is var key && key.Rank == IdKey.Of(o.Value).Rank && key.CompareTo(IdKey.Of(o.Value)) > 0,
            "$exists" => document.Has(condition.Key) == (operators.Number("$exists") != 0),
            _ => throw new CommandException(2, "BadValue", $"unknown operator: {o.Key}"),
        });
    });

    private static MongoDoc? Operators(object? value) => MongoDoc.AsDoc(value) is { Count: > 0 } doc && doc.First.StartsWith('$') ? doc : null;
}
