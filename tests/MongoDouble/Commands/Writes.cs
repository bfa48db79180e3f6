using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>insert, update and delete, statement by statement.</summary>
internal sealed class Writes(DocumentStore store)
{
    public MongoDoc Insert(Request request) => Each(request, "documents", document =>
    {
        var parsed = MongoDoc.Parse(document);
        if (!parsed.Has("_id"))
        {
            var withId = new MongoDoc { { "_id", ObjectId.New() } };
            foreach (var (name, value) in parsed)
            {
                withId.Add(name, value);
            }
            (parsed, document) = (withId, withId.ToBytes());
        }
        var key = IdKey.Of(parsed["_id"]);
        if (store.Find(request.Database, request.Collection)?.Find(key) is not null)
        {
            throw new CommandException(11000, "DuplicateKey", $"E11000 duplicate key error collection: {request.Database}.{request.Collection} index: _id_");
        }
        Put(request, document, "insert");
        return 1;
    });

    public MongoDoc Update(Request request)
    {
        var modified = 0;
        var upserted = new List<MongoDoc>();
        var reply = Each(request, "updates", (statement, index) =>
        {
            var parsed = MongoDoc.Parse(statement);
            var filter = parsed.Nested("q") ?? [];
            var change = (RawValue)parsed["u"]!;
            var found = store.Find(request.Database, request.Collection) is { } collection ? Filters.Find(collection, filter).ToList() : [];
            var many = parsed.Number("multi") != 0;
            foreach (var document in many ? found : found.Take(1))
            {
                Put(request, Updates.Apply(document, change, inserting: false, out var operation), operation);
                modified++;
            }
            if (found.Count == 0 && parsed.Number("upsert") != 0)
            {
                var start = new MongoDoc();
                foreach (var (name, value) in filter.Where(f => MongoDoc.AsDoc(f.Value) is not { Count: > 0 } doc || !doc.First.StartsWith('$')))
                {
                    start.Add(name, value);
                }
                var made = Updates.Apply(start.ToBytes(), change, inserting: true, out _);
                Put(request, made, "insert");
                upserted.Add(new MongoDoc { { "index", index }, { "_id", DocumentStore.Id(made) } });
                return 1;
            }
            return many ? found.Count : Math.Min(1, found.Count);
        });
        reply.Add("nModified", modified);
        if (upserted.Count > 0)
        {
            reply.Add("upserted", upserted);
        }
        return reply;
    }

    public MongoDoc Delete(Request request) => Each(request, "deletes", statement =>
    {
        var parsed = MongoDoc.Parse(statement);
        var found = store.Find(request.Database, request.Collection) is { } collection ? Filters.Find(collection, parsed.Nested("q")).ToList() : [];
        return found.Take(parsed.Number("limit") == 1 ? 1 : int.MaxValue).Count(d => store.Remove(request.Database, request.Collection, DocumentStore.Id(d)));
    });

    // What a client writes keeps to unique indexes; documents without any of an index's keys do not meet in it, as if all were sparse.
    private void Put(Request request, byte[] document, string operation)
    {
        if (store.Find(request.Database, request.Collection) is { } collection)
        {
            var parsed = MongoDoc.Parse(document);
            foreach (var index in collection.Indexes.Where(i => i["unique"] is true))
            {
                var keys = index.Nested("key")!.Select(k => k.Key).ToList();
                if (keys.TrueForAll(parsed.Has) && collection.All.Select(d => MongoDoc.Parse(d)).Any(other =>
                    IdKey.Of(other["_id"]) != IdKey.Of(parsed["_id"]) && keys.TrueForAll(k => other.Has(k) && IdKey.Of(other[k]) == IdKey.Of(parsed[k]))))
                {
                    throw new CommandException(11000, "DuplicateKey", $"E11000 duplicate key error collection: {request.Database}.{request.Collection} index: {index.Text("name")}");
                }
            }
        }
        store.Put(request.Database, request.Collection, document, operation);
    }

    private static MongoDoc Each(Request request, string name, Func<byte[], int> run) => Each(request, name, (statement, _) => run(statement));

    private static MongoDoc Each(Request request, string name, Func<byte[], int, int> run)
    {
        var ordered = request.Command["ordered"] is not false;
        var n = 0;
        var errors = new List<MongoDoc>();
        var index = 0;
        foreach (var statement in request.Documents(name))
        {
            try
            {
                n += run(statement, index);
            }
            catch (CommandException e)
            {
                errors.Add(new MongoDoc { { "index", index }, { "code", e.Code }, { "errmsg", e.Message } });
                if (ordered)
                {
                    break;
                }
            }
            index++;
        }
        var reply = new MongoDoc { { "n", n } };
        if (errors.Count > 0)
        {
            reply.Add("writeErrors", errors);
        }
        return reply;
    }
}
