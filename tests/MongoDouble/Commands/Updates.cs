using System.Globalization;
using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Commands;

/// <summary>What an update makes of a document: a replacement, or $set, $unset, $inc and $setOnInsert, also in nested documents.</summary>
internal static class Updates
{
    public static byte[] Apply(byte[] document, RawValue change, bool inserting, out string operation)
    {
        var wanted = MongoDoc.Parse(change.Bytes);
        var before = MongoDoc.Parse(document);
        if (wanted.Count == 0 || !wanted.First.StartsWith('$'))
        {
            operation = "replace";
            if (wanted.Has("_id"))
            {
                return before.Has("_id") && IdKey.Of(before["_id"]) != IdKey.Of(wanted["_id"])
                    ? throw new CommandException(66, "ImmutableField", "the (immutable) field '_id' was found to have been altered")
                    : change.Bytes.ToArray();
            }
            var whole = new MongoDoc { { "_id", before.Has("_id") ? before["_id"] : ObjectId.New() } };
            foreach (var (name, value) in wanted)
            {
                whole.Add(name, value);
            }
            return whole.ToBytes();
        }
        operation = "update";
        if (!before.Has("_id"))
        {
            before["_id"] = ObjectId.New();
        }
        foreach (var (name, _) in wanted)
        {
            foreach (var (path, value) in wanted.Nested(name)!)
            {
                before = name switch
                {
                    "$set" => At(before, path.Split('.'), (d, last) => d[last] = value),
                    "$setOnInsert" => inserting ? At(before, path.Split('.'), (d, last) => d[last] = value) : before,
                    "$unset" => At(before, path.Split('.'), (d, last) => d.Remove(last)),
                    "$inc" => At(before, path.Split('.'), (d, last) => d[last] = Sum(d[last], value)),
                    _ => throw new CommandException(9, "FailedToParse", $"Unknown modifier: {name}"),
                };
            }
        }
        return before.ToBytes();
    }

    private static MongoDoc At(MongoDoc document, ReadOnlySpan<string> path, Action<MongoDoc, string> change)
    {
        if (path.Length == 1)
        {
            change(document, path[0]);
            return document;
        }
        document[path[0]] = At(document.Nested(path[0]) ?? [], path[1..], change);
        return document;
    }

    private static object Sum(object? before, object? by) => (before ?? 0, by) switch
    {
        (int a, int b) => a + b,
        (int or long, int or long) => Convert.ToInt64(before ?? 0, CultureInfo.InvariantCulture) + Convert.ToInt64(by, CultureInfo.InvariantCulture),
        (int or long or double, int or long or double) => Convert.ToDouble(before ?? 0, CultureInfo.InvariantCulture) + Convert.ToDouble(by, CultureInfo.InvariantCulture),
        _ => throw new CommandException(14, "TypeMismatch", "Cannot increment with non-numeric argument"),
    };
}
