using Backend.Data.Files;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Files;

/// <summary>What the import of files is told.</summary>
internal sealed record FileImportOptions
{
    /// <summary>The API's setting.</summary>
    private const string Setting = "Files__Directory";

    /// <summary>The names of its options.</summary>
    public static string[] Names { get; } = ["--files", "--files-key", "--bucket"];

    /// <summary>The folder of the file store; null: files are left where they are.</summary>
    public string? Folder { get; init; }

    /// <summary>The passphrase that the old server encrypted files with; null: it did not.</summary>
    public string? Passphrase { get; init; }

    /// <summary>The bucket's name.</summary>
    public string Bucket { get; init; } = GridBucket.DefaultName;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="SourceException">The file of the passphrase cannot be read.</exception>
    public static FileImportOptions Parse(Arguments given)
    {
        var options = new FileImportOptions();
        return options with
        {
            Folder = given.Value("--files") ?? (Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } setting ? setting : null),
            Passphrase = given.Value("--files-key") is { } path ? Read(path) : null,
            Bucket = given.Value("--bucket") ?? options.Bucket,
        };
    }

    /// <summary>Opens the store of <see cref="Folder"/>. Details may be larger than the API takes them from clients: what is in GridFS has been taken.</summary>
    public IFileStore Open() => FileStores.Open(new FilesOptions { Directory = Folder!, MaxDetailsBytes = 1024 * 1024 });

    // In a file: a command line can be seen by everybody on the machine.
    private static string Read(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } passphrase ? passphrase : throw new SourceException($"{path}: the first line should be the passphrase of the files");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"{path}: the passphrase cannot be read: {e.Message}", e);
        }
    }
}
