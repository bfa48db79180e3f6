using System.Text;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <content>Regular expressions and LIKE patterns.</content>
internal static partial class FilterCompiler
{
    /// <summary>Case-insensitive matching of the "C" collation knows ASCII only.</summary>
    private const string ForeignCollation = " collate \"und-x-icu\"";

    private static void PrintMatches(Statement sql, Filter.Matches matches, string alias)
    {
        var field = matches.Path.Field;
        var branches = new Branches(sql);
        if (IsNested(matches.Path))
        {
            branches.Next();
            PrintElements(sql, matches.Path, alias, PrintElement);
        }
        else if (field.Column is not null && matches.Path.Steps.IsEmpty && field.Kind is FieldKind.Text or FieldKind.File)
        {
            branches.Next();
            var column = alias + "." + field.QuotedColumn;
            if (matches.Pattern is { Prefix: { Length: > 0 } prefix } && Successor(prefix) is { } end)
                sql.Sql(column).Sql(" >= ").Text(prefix).Sql(" and ").Sql(column).Sql(" < ").Text(end).Sql(" and ");
            PrintPattern(sql, column, matches.Pattern);
        }

        if (field.HasRest)
        {
            branches.Next();
            PrintRestElements(sql, matches.Path, alias, PrintElement);
        }

        branches.End();

        void PrintElement(string element)
        {
            sql.Sql("jsonb_typeof(").Sql(element).Sql(") = 'string' and ");
            PrintPattern(sql, $"({element} #>> '{{}}') collate \"C\"", matches.Pattern);
        }
    }

    /// <summary>Prints: a text matches a pattern.</summary>
    internal static void PrintPattern(Statement sql, string text, TextPattern pattern)
    {
        sql.Sql(pattern.IgnoreCase ? "(" + text + ")" + ForeignCollation : text);
        sql.Sql((pattern.IsLike, pattern.IgnoreCase) switch
        {
            (true, true) => " ilike ",
            (true, false) => " like ",
            (false, true) => " ~* ",
            _ => " ~ ",
        });
        sql.Text(Clean(pattern.Expression));
    }

    /// <summary>The smallest text after all that begin with a prefix, by code points; null when there is none.</summary>
    internal static string? Successor(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToArray();
        for (var i = runes.Length - 1; i >= 0; i--)
        {
            var next = runes[i].Value + 1;
            if (next is >= 0xd800 and <= 0xdfff)
                next = 0xe000;
            if (next <= 0x10ffff)
                return string.Concat(runes[..i].Select(r => r.ToString())) + new Rune(next);
        }

        return null;
    }
}
