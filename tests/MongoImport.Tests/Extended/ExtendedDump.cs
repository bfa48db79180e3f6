using System.Globalization;

namespace Backend.MongoImport.Tests.Extended;

/// <summary>
/// A mongodump with a document for every form that Parse data have in MongoDB (contract/mongo-storage, Part 1) and for every pitfall (Part 3). Small, always the
/// same, and written by nothing but <see cref="Doc"/>.
/// </summary>
internal sealed partial class ExtendedDump
{
    private const string Database = "extended";

    private readonly Dictionary<string, List<byte[]>> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<Oddity> _oddities = [];

    private ExtendedDump()
    {
        Schemas();
        Forms();
        Accounts();
        SystemClasses();
        Pitfalls();
    }

    /// <summary>The dump.</summary>
    public static ExtendedDump Instance { get; } = new();

    /// <summary>The documents of pitfalls, and what their rows keep aside.</summary>
    public IReadOnlyList<Oddity> Oddities => _oddities;

    /// <summary>How many documents a collection has.</summary>
    public int Count(string collection) => _documents.GetValueOrDefault(collection)?.Count ?? 0;

    /// <summary>Writes the dump's folder, as mongodump names its files.</summary>
    /// <param name="folder">The folder to write into.</param>
    /// <param name="prefix">What every collection's name begins with.</param>
    public void Write(TemporaryFolder folder, string prefix = "")
    {
        foreach (var collection in _documents.Keys.Union(_metadata.Keys))
        {
            var name = prefix + collection;
            var escaped = Uri.EscapeDataString(name).Replace("%20", "+", StringComparison.Ordinal);
            // Names that no file system takes are cut; the metadata have them whole.
            var file = escaped.Length <= 200 ? escaped : escaped[..180] + "%24digest";
            folder.Write(Path.Combine(Database, file + ".bson"), [.. _documents.GetValueOrDefault(collection, []).SelectMany(d => d)]);
            folder.Write(Path.Combine(Database, file + ".metadata.json"),
                $$$$"""{"options":{},"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"}{{{{_metadata.GetValueOrDefault(collection)}}}}],"uuid":"","collectionName":"{{{{name}}}}","type":"collection"}""");
        }
    }

    private void Add(string collection, Action<Doc> members)
    {
        if (!_documents.TryGetValue(collection, out var documents))
        {
            _documents.Add(collection, documents = []);
        }
        documents.Add(Doc.Document(members));
    }

    private void Empty(string collection) => _documents[collection] = [];

    private void Index(string collection, string json) => _metadata[collection] = _metadata.GetValueOrDefault(collection) + "," + json;

    // A document of class Odd, or of another, and the row's rest.
    private void Odd(string pitfall, string id, Action<Doc> members, string? rest, string collection = "Odd")
    {
        Add(collection, d =>
        {
            d.Text("_id", id);
            members(d);
            d.Times();
        });
        _oddities.Add(new Oddity(pitfall, collection, id, rest));
    }

    private static string Long(string start) => start + new string('x', 70);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A document that no typed row takes as it is.</summary>
/// <param name="Pitfall">Its number in the contract.</param>
/// <param name="ClassName">The class.</param>
/// <param name="Id">The row's id.</param>
/// <param name="Rest">What the row's <c>rest</c> holds, as jsonb prints it; null: nothing, its columns hold it all.</param>
internal sealed record Oddity(string Pitfall, string ClassName, string Id, string? Rest);
