using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>find, count and the aggregates that are used.</summary>
internal sealed class Reads(DocumentStore store, Cursors cursors, MongoServerOptions options)
{
    public MongoDoc Find(Request request)
    {
        var documents = store.Find(request.Database, request.Collection) is { } collection ? Filters.Find(collection, request.Command.Nested("filter")) : [];
        if (request.Command.Nested("sort") is { Count: > 0 } sort)
        {
            documents = sort.First == "_id" && sort.Count == 1
                ? documents.OrderBy(d => IdKey.Of(DocumentStore.Id(d)))
                : throw new CommandException(2, "BadValue", "this double sorts by _id only");
            documents = sort.Number("_id") < 0 ? documents.Reverse() : documents;
        }
        return cursors.First($"{request.Database}.{request.Collection}", documents.Skip((int)request.Command.Number("skip")), request.Command, (int)Math.Abs(request.Command.Number("limit")));
    }

    public MongoDoc Count(Request request)
    {
        var collection = store.Find(request.Database, request.Collection);
        return new() { { "n", collection is null ? 0 : Filters.Find(collection, request.Command.Nested("query")).Count() } };
    }

    public MongoDoc Statistics(Request request) => Numbers(store.Find(request.Database, request.Collection));

    public MongoDoc Aggregate(Request request)
    {
        var stages = request.Command.List("pipeline").Select(s => MongoDoc.AsDoc(s)!).ToList();
        if (stages is [var watch, .. var further] && watch.Nested("$changeStream") is { } stage)
        {
            return options.ReplicaSet
                ? cursors.First(new ChangeCursor(store, request.Database, stage, further))
                : throw new CommandException(40573, "Location40573", "The $changeStream stage is only supported on replica sets");
        }
        var collection = store.Find(request.Database, request.Collection);
        IEnumerable<byte[]> results = collection?.All ?? [];
        foreach (var next in stages)
        {
            results = next.First switch
            {
                "$match" => collection is null ? [] : Filters.Find(collection, next.Nested("$match")),
                "$group" => [new MongoDoc { { "_id", 1 }, { "n", results.Count() } }.ToBytes()],
                "$count" => [new MongoDoc { { next.Text("$count")!, results.Count() } }.ToBytes()],
                "$collStats" => [new MongoDoc { { "storageStats", Numbers(collection) } }.ToBytes()],
                _ => throw new CommandException(40324, "Location40324", $"Unrecognized pipeline stage name: '{next.First}'"),
            };
        }
        return cursors.First($"{request.Database}.{request.Collection}", results, request.Command);
    }

    private static MongoDoc Numbers(StoredCollection? collection) => new() { { "count", collection?.Count ?? 0 }, { "size", collection?.Size ?? 0 } };
}
