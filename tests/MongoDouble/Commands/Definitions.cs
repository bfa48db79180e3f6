using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>Databases, collections and indexes: what there is, and making and dropping it.</summary>
internal sealed class Definitions(DocumentStore store)
{
    public MongoDoc ListDatabases() => new()
    {
        {
            "databases", store.Databases.Select(name => new MongoDoc
            {
                { "name", name }, { "sizeOnDisk", store.Database(name).Values.Sum(c => c.Size) }, { "empty", false },
            }).ToArray()
        },
    };

    public IEnumerable<byte[]> ListCollections(Request request)
    {
        var wanted = request.Command.Nested("filter")?.Text("name");
        return store.Database(request.Database).Where(c => wanted is null || c.Key == wanted).Select(c => new MongoDoc
        {
            { "name", c.Key },
            { "type", c.Value.Type },
            { "options", c.Value.Options },
            { "info", new MongoDoc { { "readOnly", c.Value.Type == "view" } } },
            { "idIndex", c.Value.Indexes[0] },
        }.ToBytes()).ToList();
    }

    public IEnumerable<byte[]> ListIndexes(Request request)
    {
        var collection = store.Find(request.Database, request.Collection) ?? throw Missing(request);
        return collection.Type == "view"
            ? throw new CommandException(166, "CommandNotSupportedOnView", "Namespace is a view, not a collection")
            : collection.Indexes.Select(i => i.ToBytes()).ToList();
    }

    public MongoDoc Create(Request request)
    {
        if (store.Find(request.Database, request.Collection) is not null)
        {
            throw new CommandException(48, "NamespaceExists", $"Collection {request.Database}.{request.Collection} already exists.");
        }
        var collection = store.Get(request.Database, request.Collection);
        collection.Type = request.Command.Has("viewOn") ? "view" : request.Command.Has("timeseries") ? "timeseries" : "collection";
        foreach (var (name, value) in request.Command.Where(e => e.Key is "capped" or "size" or "max" or "collation" or "viewOn" or "pipeline" or "timeseries"))
        {
            collection.Options[name] = value;
        }
        return [];
    }

    public MongoDoc CreateIndexes(Request request)
    {
        var collection = store.Get(request.Database, request.Collection);
        var before = collection.Indexes.Count;
        foreach (var bytes in request.Documents("indexes"))
        {
            var index = MongoDoc.Parse(bytes);
            if (collection.Indexes.TrueForAll(i => i.Text("name") != index.Text("name")))
            {
                collection.Indexes.Add(index);
            }
        }
        return new() { { "numIndexesBefore", before }, { "numIndexesAfter", collection.Indexes.Count } };
    }

    public MongoDoc DropIndexes(Request request)
    {
        var collection = store.Find(request.Database, request.Collection) ?? throw Missing(request);
        var name = request.Command.Text("index");
        collection.Indexes.RemoveAll(i => i.Text("name") is var n && n != "_id_" && (name == "*" || n == name));
        return [];
    }

    public MongoDoc Drop(Request request) => store.Drop(request.Database, request.Collection) ? [] : throw Missing(request);

    public MongoDoc DropDatabase(Request request)
    {
        store.DropDatabase(request.Database);
        return [];
    }

    public MongoDoc Rename(Request request)
    {
        string[] from = request.Collection.Split('.', 2), to = request.Command.Text("to")!.Split('.', 2);
        if (store.Find(to[0], to[1]) is not null && request.Command.Number("dropTarget") == 0)
        {
            throw new CommandException(48, "NamespaceExists", "target namespace exists");
        }
        return store.Rename(from[0], from[1], to[1]) ? [] : throw Missing(request);
    }

    private static CommandException Missing(Request request) => new(26, "NamespaceNotFound", $"ns does not exist: {request.Database}.{request.Collection}");
}
