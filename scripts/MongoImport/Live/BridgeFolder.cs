using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>Where the bridge's program lies: scripts/mongo-bridge of the checkout that this was built in.</summary>
internal static class BridgeFolder
{
    /// <exception cref="SourceException">It is not there, or its packages are not installed.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "scripts", "mongo-bridge");
            if (File.Exists(Path.Combine(path, "bridge.mjs")))
            {
                return File.Exists(Path.Combine(path, "node_modules", "mongodb", "package.json"))
                    ? path
                    : throw new SourceException($"The packages that read a live MongoDB are not installed: npm ci --prefix {path}");
            }
        }
        throw new SourceException("scripts/mongo-bridge, which reads a live MongoDB, is not there.");
    }
}
