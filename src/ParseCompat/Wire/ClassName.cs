using System.Buffers;

namespace Backend.ParseCompat.Wire;

/// <summary>Names of system classes and the rules for names of classes and fields (contract section 6).</summary>
internal static class ClassName
{
    public const string User = "_User";
    public const string Role = "_Role";
    public const string Session = "_Session";
    public const string Installation = "_Installation";
    public const string Product = "_Product";
    public const string PushStatus = "_PushStatus";
    public const string JobStatus = "_JobStatus";
    public const string JobSchedule = "_JobSchedule";
    public const string Audience = "_Audience";
    public const string Idempotency = "_Idempotency";
    public const string Hooks = "_Hooks";
    public const string GlobalConfig = "_GlobalConfig";
    public const string GraphQLConfig = "_GraphQLConfig";

    /// <summary>Longer names are refused; PostgreSQL's 63 bytes are the catalog's matter.</summary>
    public const int MaxNameLength = 1024;

    private const string JoinPrefix = "_Join:";

    private static readonly SearchValues<char> WordCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Whether a name is a class's name: a system class, a join or an ordinary one.</summary>
    public static bool IsValid(string name) => IsSystem(name) || IsJoin(name) || (IsWord(name) && name is not ("length" or "className"));

    /// <summary>Whether a field may have this name.</summary>
    public static bool IsValidField(string name, string className) =>
        IsWord(name) && name != "length" && (name != "className" || className == Hooks);

    /// <summary>Whether a row may have this id, chosen by a client or a hook: not empty, and a text that PostgreSQL can hold as a key.</summary>
    public static bool IsValidId(string id) => id.Length is > 0 and <= MaxNameLength && !id.Contains('\0', StringComparison.Ordinal) && JsonText.IsWellFormed(id);

    /// <summary>Whether it is one of the built-in classes.</summary>
    public static bool IsSystem(string name) => name.Length > 0 && name[0] == '_' && name is User or Role or Session or Installation or Product or PushStatus
        or JobStatus or JobSchedule or Audience or Idempotency;

    /// <summary>Whether it is the name of a relation's join.</summary>
    public static bool IsJoin(string name)
    {
        if (!name.StartsWith(JoinPrefix, StringComparison.Ordinal))
            return false;
        var parts = name.Split(':');
        return parts.Length == 3 && IsWord(parts[1]) && (IsSystem(parts[2]) || IsWord(parts[2]));
    }

    /// <summary>Classes that clients reach through no class route (contract section 4).</summary>
    public static bool IsMasterOnly(string name) => name.Length > 0 && name[0] == '_' && (name is JobStatus or PushStatus or Hooks or GlobalConfig
        or GraphQLConfig or JobSchedule or Audience or Idempotency || name.StartsWith(JoinPrefix, StringComparison.Ordinal));

    /// <summary><c>^[A-Za-z][A-Za-z0-9_]*$</c></summary>
    public static bool IsWord(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= MaxNameLength && char.IsAsciiLetter(name[0]) && name.IndexOfAnyExcept(WordCharacters) < 0;
}
