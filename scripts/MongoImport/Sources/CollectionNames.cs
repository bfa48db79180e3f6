namespace Backend.MongoImport.Sources;

/// <summary>From file names back to collection names.</summary>
internal static class CollectionNames
{
    private const char ModifierColon = '\uA789';
    private const string UnderscoredJoin = "_Join_";
    private const string Schema = "_SCHEMA";

    /// <summary>What stands before the names of all collections (<c>collectionPrefix</c>); empty: nothing.</summary>
    public static string PrefixOf(IEnumerable<string> collections)
    {
        string? longer = null;
        foreach (var name in collections)
        {
            if (name == Schema)
            {
                return "";
            }
            longer ??= name.EndsWith(Schema, StringComparison.Ordinal) ? name : null;
        }
        return longer?[..^Schema.Length] ?? "";
    }

    /// <summary>
    /// mongodump escapes names as in a URL's query (<c>_Join%3Ausers%3A_Role</c>, a blank as <c>+</c>); tools before 4.2 did not, and so
    /// a name that is no proper escape stands for itself.
    /// </summary>
    public static string FromDump(string fileName)
    {
        if (!fileName.Contains('%') && !fileName.Contains('+'))
        {
            return fileName;
        }
        for (var i = fileName.IndexOf('%'); i >= 0; i = fileName.IndexOf('%', i + 1))
        {
            if (i + 2 >= fileName.Length || !char.IsAsciiHexDigit(fileName[i + 1]) || !char.IsAsciiHexDigit(fileName[i + 2]))
            {
                return fileName;
            }
        }
        return Uri.UnescapeDataString(fileName.Replace('+', ' '));
    }

    /// <summary>
    /// Exports write a join's colons as they are, as <c>%3A</c>, as U+A789 (where the file system allows no colon) or as underscores
    /// (<c>_Join_users__Role</c>).
    /// </summary>
    public static string FromExport(string fileName)
    {
        var name = FromDump(fileName).Replace(ModifierColon, ':');
        if (!name.StartsWith(UnderscoredJoin, StringComparison.Ordinal))
        {
            return name;
        }
        var end = name.IndexOf('_', UnderscoredJoin.Length);
        return end < 0 ? name : $"_Join:{name[UnderscoredJoin.Length..end]}:{name[(end + 1)..]}";
    }
}
