using System.IO.Compression;
using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests;

/// <summary>Files of the tests, folders of their own, and shorthands for reading sources.</summary>
internal static class Given
{
    public static string File(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "Data", .. parts]);

    public static byte[] Bytes(params string[] parts) => System.IO.File.ReadAllBytes(File(parts));

    /// <summary>A folder that the system's temporary folder holds and that the test empties by itself.</summary>
    public static TemporaryFolder Folder() => new();

    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return packed.ToArray();
    }

    /// <summary>Goes through a source as an import does: once by scanning, once collection by collection; both must give the same documents.</summary>
    public static Dictionary<string, List<byte[]>> ReadAll(DumpSource source)
    {
        var scanned = new Dictionary<SourceCollection, List<byte[]>>();
        source.Scan(
            (collection, block) =>
            {
                lock (scanned)
                {
                    if (!scanned.TryGetValue(collection, out var list))
                    {
                        scanned.Add(collection, list = []);
                    }
                    Take(block, list);
                }
            },
            CancellationToken.None);
        var read = new Dictionary<string, List<byte[]>>();
        foreach (var collection in source.Collections.Where(c => c.Damage is null))
        {
            var again = new List<byte[]>();
            using var reader = collection.Open();
            while (reader.Read() is { } block)
            {
                Take(block, again);
            }
            Assert.That(again, Is.EqualTo(scanned.GetValueOrDefault(collection) ?? []), "the second reading differs from the first");
            read.Add(collection.Name, again);
        }
        return read;
    }

    public static List<byte[]> Read(DocumentReader reader)
    {
        var documents = new List<byte[]>();
        while (reader.Read() is { } block)
        {
            Take(block, documents);
        }
        return documents;
    }

    /// <summary>Extended JSON, a document a line, as the BSON that mongodump would have written.</summary>
    public static byte[] Bson(string lines)
    {
        using var reader = new JsonBlockReader(new MemoryStream(Encoding.UTF8.GetBytes(lines)), "lines");
        return [.. Read(reader).SelectMany(d => d)];
    }

    /// <summary>Everything in a document, level by level, as one line: for comparing.</summary>
    public static string Show(ReadOnlySpan<byte> document)
    {
        var text = new StringBuilder("{");
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            text.Append(text.Length > 1 ? ", " : "").Append(Encoding.UTF8.GetString(reader.Name)).Append(": ").Append(Show(reader.Value));
        }
        return text.Append('}').ToString();
    }

    public static string Show(BsonValue value)
    {
        switch (value.Type)
        {
            case BsonType.Document or BsonType.Array:
                return (value.Type == BsonType.Array ? "array " : "") + Show(value.Raw);
            case BsonType.Text or BsonType.Symbol or BsonType.Code:
                return $"{value.Type} '{Encoding.UTF8.GetString(value.Text)}'";
            case BsonType.Double:
                return FormattableString.Invariant($"Double {value.Double}");
            case BsonType.Int32:
                return $"Int32 {value.Int32}";
            case BsonType.Int64:
                return $"Int64 {value.Int64}";
            case BsonType.Decimal128:
                return $"Decimal128 {value.Decimal128}";
            case BsonType.Boolean:
                return value.Boolean ? "true" : "false";
            case BsonType.Date:
                return $"Date {value.Milliseconds}";
            case BsonType.ObjectId:
                return $"ObjectId {Convert.ToHexStringLower(value.ObjectId)}";
            case BsonType.Binary:
                return $"Binary {value.BinarySubtype} {Convert.ToHexStringLower(value.Binary)}";
            case BsonType.Timestamp:
                return $"Timestamp {value.Timestamp}";
            case BsonType.Regex:
                value.Regex(out var pattern, out var options);
                return $"Regex /{Encoding.UTF8.GetString(pattern)}/{Encoding.UTF8.GetString(options)}";
            case BsonType.DbPointer:
                value.DbPointer(out var collection, out var id);
                return $"DbPointer {Encoding.UTF8.GetString(collection)} {Convert.ToHexStringLower(id)}";
            case BsonType.CodeWithScope:
                value.CodeWithScope(out var code, out var scope);
                return $"CodeWithScope '{Encoding.UTF8.GetString(code)}' {Show(scope)}";
            default:
                return value.Type.ToString();
        }
    }

    private static void Take(DocumentBlock block, List<byte[]> to)
    {
        using (block)
        {
            var at = 0;
            while (block.TryTake(ref at, out var document))
            {
                to.Add(document.ToArray());
            }
        }
    }
}

internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"import-tests-{Guid.NewGuid():n}");

    public string Write(string name, byte[] bytes)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
