using System.Text.Json;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Reporting;

/// <summary>The documents that could not be decoded, one JSON object a line, the document itself as base64. Made when there is one.</summary>
internal sealed class RejectFile(string path) : IDisposable
{
    private FileStream? _file;

    public string Path => path;

    public long Count { get; private set; }

    public void Add(string name, Rejection rejection)
    {
        lock (this)
        {
            _file ??= PrivateFile.Create(path, FileMode.Create);
            JsonSerializer.Serialize(_file, new
            {
                @class = name,
                file = rejection.Path,
                offset = rejection.Offset,
                document = rejection.Document,
                reason = rejection.Reason,
                bytes = rejection.Bytes,
            });
            _file.WriteByte((byte)'\n');
            Count++;
        }
    }

    /// <summary>Takes over the lines of a run that was broken off, as far as their documents are not read again.</summary>
    /// <param name="keep">By the name that the lines were added under.</param>
    public void Keep(Predicate<string> keep)
    {
        if (!File.Exists(path))
        {
            return;
        }
        var kept = File.ReadLines(path).Where(line => NameOf(line) is { } name && keep(name)).ToList();
        Count = kept.Count;
        if (Count == 0)
        {
            return;
        }
        using (var file = new StreamWriter(PrivateFile.Create(path + ".new", FileMode.Create)))
        {
            kept.ForEach(file.WriteLine);
        }
        File.Move(path + ".new", path, overwrite: true);
        _file = new FileStream(path, FileMode.Append);
    }

    /// <summary>Hands to the operating system what was added.</summary>
    public void Flush()
    {
        lock (this)
        {
            _file?.Flush();
        }
    }

    public void Dispose() => _file?.Dispose();

    // The last line may have been cut off.
    private static string? NameOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("class").GetString();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
