using Backend.MongoImport.Live;

namespace Backend.MongoImport.Following;

/// <summary>What a batch of changes comes to in one collection: the last state of each document.</summary>
/// <param name="name">The collection's name without the prefix, by the rules.</param>
/// <param name="collection">Its name in the source.</param>
internal sealed class CollectionChanges(string name, string collection)
{
    private readonly Dictionary<byte[], byte[]?> _documents = new(BytesComparer.Instance);

    public string Name => name;

    public string Collection => collection;

    /// <summary>Whether everything that was there before has gone.</summary>
    public bool Emptied { get; private set; }

    /// <summary>Whether its documents must be read anew, because another collection took its name.</summary>
    public bool Replaced { get; private set; }

    /// <summary>The documents that are there now.</summary>
    public IEnumerable<byte[]> Upserts => _documents.Values.Where(d => d is not null)!;

    /// <summary>The ids of those that have gone: documents with <c>_id</c> alone.</summary>
    public IEnumerable<byte[]> Deletes => _documents.Where(d => d.Value is null).Select(d => d.Key);

    /// <summary>How many documents it is about.</summary>
    public int Count => _documents.Count;

    /// <summary>Takes the next change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="rewrite">What rules do to documents; null: nothing.</param>
    public void Add(ChangeEvent change, Func<byte[], byte[]?>? rewrite)
    {
        switch (change.Kind)
        {
            case ChangeKind.Upsert when change.Document is { } document:
                _documents[change.Id!] = rewrite is null ? document : rewrite(document);
                break;
            case ChangeKind.Delete:
                _documents[change.Id!] = null;
                break;
            case ChangeKind.Drop or ChangeKind.Rename:
                _documents.Clear();
                Emptied = true;
                Replaced = false;
                break;
            default:
                // Indexes, which are no documents; or gone again when it was looked up; the delete follows.
                break;
        }
    }

    /// <summary>Another collection has taken this name: what it holds is to be read.</summary>
    public void Replace()
    {
        _documents.Clear();
        Emptied = Replaced = true;
    }
}
