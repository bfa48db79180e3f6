namespace Backend.MongoImport.Sources;

/// <summary>Files that hold what a dump holds, password hashes and tokens among it: nobody else on the machine may read them.</summary>
internal static class PrivateFile
{
    public static FileStream Create(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        return new FileStream(path, options);
    }
}
