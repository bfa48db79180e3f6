using System.Security.Cryptography;
using System.Text;

namespace Backend.Data.Catalog;

/// <summary>Makes relation and column names from the names that clients use: snake_case, at most 63 bytes, distinct.</summary>
internal static class Naming
{
    private const int MaxBytes = 63;

    private static readonly HashSet<string> ReservedColumns = new(StringComparer.Ordinal)
    {
        "id", "created_at", "updated_at", "acl_read", "acl_write", "public_read", "public_write", "rest",
        "xmin", "xmax", "cmin", "cmax", "ctid", "tableoid", "oid",
    };

    /// <summary>A column for a field, distinct from <paramref name="taken"/> and from the columns of every table.</summary>
    public static string Column(string name, IReadOnlySet<string> taken) => Distinct(Snake(name), c => taken.Contains(c) || ReservedColumns.Contains(c));

    /// <summary>A relation for a table, distinct from <paramref name="taken"/>.</summary>
    public static string Relation(string name, IReadOnlySet<string> taken) => Distinct(Snake(name), taken.Contains);

    /// <summary>A join table for a relation field.</summary>
    public static string JoinTable(string relation, string field, IReadOnlySet<string> taken) => Distinct(Snake(relation + "_" + field), taken.Contains);

    /// <summary>A name that v2 can use, distinct from <paramref name="taken"/>: the origin itself unless a system table has that name.</summary>
    public static string TableName(string origin, IReadOnlySet<string> taken)
    {
        if (!taken.Contains(origin))
            return origin;
        for (var n = 1; ; n++)
        {
            var name = $"{origin}_{n}";
            if (!taken.Contains(name))
                return name;
        }
    }

    /// <summary>An index's name within 63 bytes, the same for the same parts.</summary>
    public static string Index(params string[] parts) => Shorten(string.Join('_', parts));

    /// <summary><c>GameScore</c> becomes <c>game_score</c>, <c>URLOfUser</c> <c>url_of_user</c>; what is not a letter or digit becomes <c>_</c>.</summary>
    internal static string Snake(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (char.IsAsciiLetterUpper(c))
            {
                var afterLower = i > 0 && (char.IsAsciiLetterLower(name[i - 1]) || char.IsAsciiDigit(name[i - 1]));
                var beforeLower = i > 0 && i + 1 < name.Length && char.IsAsciiLetterUpper(name[i - 1]) && char.IsAsciiLetterLower(name[i + 1]);
                if ((afterLower || beforeLower) && text.Length > 0 && text[^1] != '_')
                    text.Append('_');
                text.Append(char.ToLowerInvariant(c));
            }
            else
            {
                text.Append(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '_');
            }
        }

        var snake = text.ToString().Trim('_');
        return snake.Length == 0 ? "unnamed" : snake;
    }

    private static string Distinct(string wanted, Func<string, bool> taken)
    {
        var name = Shorten(wanted);
        for (var n = 1; taken(name); n++)
            name = Shorten($"{wanted}_{n}");
        return name;
    }

    private static string Shorten(string name)
    {
        if (name.Length <= MaxBytes)
            return name;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
        return $"{name[..(MaxBytes - 9)]}_{hash}";
    }
}
