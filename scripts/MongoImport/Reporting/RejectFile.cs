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

    public void Dispose() => _file?.Dispose();
}
