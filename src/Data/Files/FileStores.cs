using Microsoft.Extensions.Options;

namespace Backend.Data.Files;

/// <summary>Opens file stores for programs that have no host: the importer.</summary>
public static class FileStores
{
    /// <summary>The store of a folder, the same that the API has with these settings.</summary>
    public static IFileStore Open(FilesOptions options) => new DiskFileStore(Options.Create(options));
}
