using Backend.MongoDouble;
using Backend.MongoDouble.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Live;

/// <summary>A stand-in for MongoDB with what a test puts into it, read through the real driver.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    public const string Database = "app";

    private LiveServer(MongoServerOptions? options) => Mongo = MongoServer.Start(options);

    public MongoServer Mongo { get; }

    public static LiveServer Start(MongoServerOptions? options = null)
    {
        if (!Directory.Exists(Repository.File("scripts", "mongo-bridge", "node_modules")))
        {
            Prerequisite.Missing("The Node packages are missing: npm ci --prefix scripts/mongo-bridge");
        }
        return new LiveServer(options);
    }

    /// <summary>What an operator writes.</summary>
    public string Uri(params string[] further) => Mongo.Uri(Database, further);

    public LiveAddress Address(params string[] further) => LiveAddress.Parse(Uri(further), null);

    public LiveChangeSource Changes(byte[]? position, params string[] further) => new(Address(further), position, TimeSpan.FromMilliseconds(200));

    /// <summary>Puts a dump's folder into it, documents and indexes.</summary>
    public void SeedFolder(string folder)
    {
        using var source = DumpSource.Open(folder, null, Path.GetTempPath());
        var documents = Given.ReadAll(source);
        foreach (var (collection, list) in documents)
        {
            // The sample's join documents all have one id, which no server would have let in.
            Mongo.Seed(Database, collection, collection.StartsWith("_Join:", StringComparison.Ordinal) ? list.Select(WithNewId) : list);
        }
        foreach (var collection in source.Collections)
        {
            foreach (var index in collection.Metadata.Indexes.Where(i => i.Name != "_id_"))
            {
                Mongo.SeedIndex(Database, collection.Name, Indexes.Of(index));
            }
        }
    }

    private static byte[] WithNewId(byte[] document)
    {
        var parsed = MongoDoc.Parse(document);
        parsed["_id"] = ObjectId.New();
        return parsed.ToBytes();
    }

    public ValueTask DisposeAsync() => Mongo.DisposeAsync();
}
