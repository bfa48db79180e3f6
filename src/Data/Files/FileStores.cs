using Microsoft.Extensions.Options;

namespace Backend.Data.Files;

/// <summary>Opens file stores for programs that have no host: the importer.</summary>
public static class FileStores
{
    /// <summary>The store of a folder, the same that the API has with these settings.</summary>
    public static IFileStore Open(FilesOptions options) => new DiskFileStore(Options.Create(options));

    /// <summary>The names of all files in a store's folder, in no order; none when there is no such folder.</summary>
    public static IEnumerable<string> Names(string directory) => !Directory.Exists(directory)
        ? []
        : Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(path => Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/'))
            // What begins with a dot is the store's own.
            .Where(name => name[0] != '.');
}
