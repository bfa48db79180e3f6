using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Store;

/// <summary>A collection: documents as bytes, in the order of their insertion.</summary>
internal sealed class StoredCollection
{
    private readonly OrderedDictionary<IdKey, byte[]> _documents = [];

    public MongoDoc Options { get; set; } = [];

    public string Type { get; set; } = "collection";

    public List<MongoDoc> Indexes { get; } = [new() { { "v", 2 }, { "key", new MongoDoc { { "_id", 1 } } }, { "name", "_id_" } }];

    public int Count => _documents.Count;

    public long Size => _documents.Values.Sum(d => (long)d.Length);

    public IReadOnlyList<byte[]> All => [.. _documents.Values];

    public byte[]? Find(IdKey id) => _documents.GetValueOrDefault(id);

    public void Put(IdKey id, byte[] document) => _documents[id] = document;

    public bool Remove(IdKey id) => _documents.Remove(id);
}
