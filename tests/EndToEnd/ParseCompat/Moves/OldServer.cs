using System.Buffers.Binary;
using System.Text.Json;
using Backend.MongoDouble;
using Backend.MongoDouble.Bson;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.Moves;

/// <summary>The old server's database with the sample app in it, and what the old server writes there, in its own layout.</summary>
internal sealed class OldServer : IAsyncDisposable
{
    public const string Database = "game";

    private readonly MongoServer _mongo = MongoServer.Start();

    public OldServer()
    {
        var folder = Repository.File("samples", "dump", "game");
        foreach (var path in Directory.GetFiles(folder, "*.bson"))
        {
            var metadata = Path.ChangeExtension(path, ".metadata.json");
            using var described = JsonDocument.Parse(File.ReadAllText(metadata));
            var name = described.RootElement.TryGetProperty("collectionName", out var given)
                ? given.GetString()!
                : System.Uri.UnescapeDataString(Path.GetFileNameWithoutExtension(path));
            var documents = Split(File.ReadAllBytes(path));
            // The sample's join documents all have one id, which no server would have let in.
            _mongo.Seed(Database, name, name.StartsWith("_Join:", StringComparison.Ordinal) ? documents.Select(WithNewId) : documents);
        }
    }

    /// <summary>What an operator writes.</summary>
    public string Uri => _mongo.Uri(Database);

    /// <summary>A document as it is now.</summary>
    public MongoDoc? Find(string collection, string id) => _mongo.Find(Database, collection, id) is { } found ? MongoDoc.Parse(found) : null;

    /// <summary>All documents of a collection.</summary>
    public IReadOnlyList<MongoDoc> All(string collection) => [.. _mongo.Documents(Database, collection).Select(d => MongoDoc.Parse(d))];

    /// <summary>An object is created, with the times that a server writes.</summary>
    public void Create(string collection, string id, MongoDoc fields)
    {
        var now = Now();
        _mongo.Put(Database, collection, new MongoDoc { { "_id", id }, { "_created_at", now }, { "_updated_at", now } }.With(fields).ToBytes());
    }

    /// <summary>Some fields of an object change.</summary>
    public void Change(string collection, string id, MongoDoc fields)
    {
        var document = Find(collection, id) ?? throw new InvalidOperationException($"There is no {collection} {id}");
        document["_updated_at"] = Now();
        _mongo.Update(Database, collection, document.With(fields).ToBytes());
    }

    /// <summary>An object is deleted.</summary>
    public void Delete(string collection, string id) => Assert.That(_mongo.Delete(Database, collection, id), Is.True);

    /// <summary>A row is linked to another.</summary>
    public void Link(string field, string className, string owner, string related) =>
        _mongo.Put(Database, $"_Join:{field}:{className}", new MongoDoc { { "_id", ObjectId.New() }, { "relatedId", related }, { "owningId", owner } }.ToBytes());

    /// <summary>Somebody logs in.</summary>
    public void LogIn(string id, string token, string user) => Create("_Session", id, new MongoDoc
    {
        { "_session_token", token },
        { "_p_user", "_User$" + user },
        { "createdWith", new MongoDoc { { "action", "login" }, { "authProvider", "password" } } },
        { "expiresAt", Now().AddDays(365) },
    });

    /// <summary>The schema learns of a field.</summary>
    public void AddField(string className, string field, string type)
    {
        var schema = Find("_SCHEMA", className) ?? throw new InvalidOperationException($"The schema has no {className}");
        schema[field] = type;
        _mongo.Put(Database, "_SCHEMA", schema.ToBytes());
    }

    public ValueTask DisposeAsync() => _mongo.DisposeAsync();

    private static DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    private static byte[] WithNewId(byte[] document)
    {
        var parsed = MongoDoc.Parse(document);
        parsed["_id"] = ObjectId.New();
        return parsed.ToBytes();
    }

    private static IEnumerable<byte[]> Split(byte[] file)
    {
        for (var at = 0; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
            yield return file[at..(at + length)];
            at += length;
        }
    }
}

file static class Documents
{
    public static MongoDoc With(this MongoDoc document, MongoDoc fields)
    {
        foreach (var (name, value) in fields)
        {
            document[name] = value;
        }
        return document;
    }
}
