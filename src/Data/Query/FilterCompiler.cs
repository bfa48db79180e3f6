using System.Collections.Immutable;
using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;

namespace Backend.Data.Query;

/// <summary>
/// Prints a filter as a SQL condition. A printed condition may be null where it means false; <see cref="Filter.Not"/> is printed as
/// <c>is not true</c>, so that a negation holds for missing values, as <see cref="Filter"/> promises.
/// </summary>
internal static partial class FilterCompiler
{
    private const string ForeignCollation = " collate \"und-x-icu\"";

    /// <summary>Prints a filter on the rows of <paramref name="alias"/>.</summary>
    /// <param name="sql">Where to.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="alias">The table's alias in the statement.</param>
    /// <param name="caller">Whose access inner queries have.</param>
    public static void Print(Statement sql, Filter filter, string alias, Caller caller)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                PrintList(sql, all.Filters, " and ", "true", alias, caller);
                break;
            case Filter.AnyOf any:
                PrintList(sql, any.Filters, " or ", "false", alias, caller);
                break;
            case Filter.Not not:
                sql.Sql("(");
                Print(sql, not.Inner, alias, caller);
                sql.Sql(") is not true");
                break;
            case Filter.Equal equal:
                PrintIn(sql, equal.Path, [equal.Value], alias);
                break;
            case Filter.In @in:
                PrintIn(sql, @in.Path, @in.Values, alias);
                break;
            case Filter.Compare compare:
                PrintCompare(sql, compare, alias);
                break;
            case Filter.Exists exists:
                PrintExists(sql, exists.Path, alias);
                break;
            case Filter.HasValue has:
                PrintHasValue(sql, has.Path, alias);
                break;
            case Filter.ContainedBy contained:
                PrintContainedBy(sql, contained, alias);
                break;
            case Filter.Matches matches:
                PrintMatches(sql, matches, alias);
                break;
            case Filter.RelatedTo related:
                PrintRelatedTo(sql, related, alias, caller);
                break;
            case Filter.HasRelated has:
                sql.Sql(alias).Sql(".id = any(array(select owning_id from app.").Sql(has.Relation.QuotedColumn).Sql(" where related_id = any(")
                    .Texts([.. has.RelatedIds.Where(id => Storage.IsStorable(id, false))]).Sql(")))");
                break;
            case Filter.HasRelatedIn has:
                PrintHasRelatedIn(sql, has, alias, caller);
                break;
            case Filter.InQuery inner:
                PrintInQuery(sql, inner, alias, caller);
                break;
            case Filter.InValues inner:
                PrintInValues(sql, inner, alias, caller);
                break;
            case Filter.Near near:
                PrintNear(sql, near, alias);
                break;
            case Filter.InsideBox box:
                PrintBox(sql, box, alias);
                break;
            case Filter.InsideRing ring:
                PrintRing(sql, ring, alias);
                break;
            case Filter.Covers covers:
                PrintCovers(sql, covers, alias);
                break;
            case Filter.SearchText search:
                PrintSearch(sql, search, alias);
                break;
            default:
                throw new InvalidOperationException($"Unknown filter {filter.GetType().Name}.");
        }
    }

    private static void PrintList(Statement sql, ImmutableArray<Filter> filters, string between, string empty, string alias, Caller caller)
    {
        if (filters.Length == 0)
        {
            sql.Sql(empty);
            return;
        }

        if (filters.Length == 1)
        {
            Print(sql, filters[0], alias, caller);
            return;
        }

        sql.Sql("(");
        for (var i = 0; i < filters.Length; i++)
        {
            if (i > 0)
                sql.Sql(between);
            Print(sql, filters[i], alias, caller);
        }

        sql.Sql(")");
    }

    private static void PrintIn(Statement sql, FieldPath path, ImmutableArray<Value> values, string alias)
    {
        var field = path.Field;
        var branches = new Branches(sql);
        if (values.Any(v => v.IsNull))
        {
            branches.Next();
            PrintMissing(sql, path, alias);
        }

        if (IsNested(path))
        {
            var wanted = values.Where(v => !v.IsNull && TryNested(v, out _)).ToList();
            if (wanted.Count > 0)
            {
                branches.Next();
                if (IndexedSource(path, alias) is { } indexed)
                    PrintIndexedAmong(sql, path, alias, indexed, wanted);
                else
                    PrintAmong(sql, path, Source(sql, path, alias, false), wanted);
            }
        }
        else if (field.Column is not null && field.Kind != FieldKind.Relation && path.Steps.IsEmpty)
        {
            PrintTypedIn(sql, field, values, alias, ref branches);
        }

        if (field.HasRest && !path.Steps.IsEmpty)
        {
            var wanted = values.Where(v => !v.IsNull && TryNested(v, out _)).ToList();
            if (wanted.Count > 0)
            {
                branches.Next();
                PrintAmong(sql, path, Source(sql, path, alias, true), wanted);
            }
        }
        else if (field.HasRest)
        {
            var stored = values.Where(v => !v.IsNull).Select(v => RestJson.ToBytes(v)).ToArray();
            if (stored.Length > 0)
            {
                branches.Next();
                PrintRestElements(sql, path, alias, element => sql.Sql(element).Sql(" = any(").Jsons(stored).Sql(")"));
            }
        }

        branches.End();
    }

    private static void PrintTypedIn(Statement sql, Field field, ImmutableArray<Value> values, string alias, ref Branches branches)
    {
        var matching = new List<Value>(values.Length);
        foreach (var value in values)
        {
            if (!value.IsNull && Storage.FitsColumn(field with { Indexed = false }, value))
                matching.Add(value);
        }

        if (matching.Count == 0)
            return;
        branches.Next();
        sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
        if (matching.Count == 1)
        {
            sql.Sql(" = ");
            PrintParameter(sql, field.Kind, matching[0]);
            return;
        }

        sql.Sql(" = any(");
        switch (field.Kind)
        {
            case FieldKind.Number:
                sql.Numbers([.. matching.Select(v => v.AsNumber)]);
                break;
            case FieldKind.Boolean:
                sql.Booleans([.. matching.Select(v => v.AsBoolean)]);
                break;
            case FieldKind.Timestamp:
                sql.Timestamps([.. matching.Select(v => ToDateTime(v.AsMilliseconds))]);
                break;
            case FieldKind.Bytes:
                sql.ByteStrings([.. matching.Select(v => v.AsBytes)]);
                break;
            case FieldKind.Point:
                sql.ByteStrings([.. matching.Select(v => Ewkb.Point(v.AsPoint))]).Sql("::geometry[]");
                break;
            case FieldKind.Polygon:
                sql.ByteStrings([.. matching.Select(v => Ewkb.Polygon(v.AsRing))]).Sql("::geometry[]");
                break;
            case FieldKind.Reference:
                sql.Texts([.. matching.Select(v => v.AsReference.Id)]);
                break;
            default:
                sql.Texts([.. matching.Select(v => v.AsText)]);
                break;
        }

        sql.Sql(")");
    }

    /// <summary>Prints a value that fits a column of this kind as a parameter.</summary>
    internal static void PrintParameter(Statement sql, FieldKind kind, in Value value)
    {
        switch (kind)
        {
            case FieldKind.Number:
                sql.Number(value.AsNumber);
                break;
            case FieldKind.Boolean:
                sql.Boolean(value.AsBoolean);
                break;
            case FieldKind.Timestamp:
                sql.Timestamp(ToDateTime(value.AsMilliseconds));
                break;
            case FieldKind.Bytes:
                sql.Bytes(value.AsBytes);
                break;
            case FieldKind.Object or FieldKind.Array:
                sql.Json(value.AsBytes);
                break;
            case FieldKind.Point:
                sql.Bytes(Ewkb.Point(value.AsPoint)).Sql("::geometry");
                break;
            case FieldKind.Polygon:
                sql.Bytes(Ewkb.Polygon(value.AsRing)).Sql("::geometry");
                break;
            case FieldKind.Reference:
                sql.Text(value.AsReference.Id);
                break;
            default:
                sql.Text(value.AsText);
                break;
        }
    }

    private static void PrintMissing(Statement sql, FieldPath path, string alias)
    {
        var field = path.Field;
        if (field.Kind == FieldKind.Relation)
        {
            sql.Sql("true");
            return;
        }

        if (!path.Steps.IsEmpty)
        {
            sql.Sql("(");
            PrintNestedMissing(sql, path, alias);
            sql.Sql(")");
            return;
        }

        sql.Sql("(");
        if (field.Column is not null)
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is null");
        if (field.HasRest)
        {
            if (field.Column is not null)
                sql.Sql(" and ");
            sql.Sql("coalesce(").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(", 'null') = 'null'");
        }

        if (field is { Kind: FieldKind.Array, Column: not null })
            sql.Sql(" or ").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" @> 'null'");
        if (field.HasRest)
            sql.Sql(" or ").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(" @> '[null]'");
        sql.Sql(")");
    }

    private static void PrintCompare(Statement sql, Filter.Compare compare, string alias)
    {
        var field = compare.Path.Field;
        var branches = new Branches(sql);
        if (IsNested(compare.Path))
        {
            branches.Next();
            if (compare.Value.Kind == ValueKind.Number && IndexedSource(compare.Path, alias) is { } indexed)
                PrintIndexedCompare(sql, compare, alias, indexed);
            else
                PrintElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, false));
        }
        else if (field.Column is not null && compare.Path.Steps.IsEmpty && KindOf(field.Kind) == compare.Value.Kind && IsOrdered(compare.Value.Kind))
        {
            branches.Next();
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(Operator(compare.Comparison));
            if (compare.Value.Kind == ValueKind.Text)
                sql.Text(Clean(compare.Value.AsText));
            else
                PrintParameter(sql, field.Kind, compare.Value);
        }

        if (field.HasRest)
        {
            branches.Next();
            PrintRestElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, true));
        }

        branches.End();
    }

    private static void PrintExists(Statement sql, FieldPath path, string alias)
    {
        var field = path.Field;
        if (field.Kind == FieldKind.Relation)
        {
            sql.Sql("false");
            return;
        }

        if (!path.Steps.IsEmpty)
        {
            PrintNestedExists(sql, path, alias);
            return;
        }

        var branches = new Branches(sql);
        if (field.Column is not null)
        {
            branches.Next();
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is not null");
        }

        if (field.HasRest)
        {
            branches.Next();
            sql.Sql(alias).Sql(".rest ? ").Text(field.Name);
        }

        branches.End();
    }

    private static void PrintHasValue(Statement sql, FieldPath path, string alias)
    {
        if (path.Field.Kind == FieldKind.Relation)
        {
            sql.Sql("false");
            return;
        }

        sql.Sql("(");
        PrintMissing(sql, path, alias);
        sql.Sql(") is not true");
    }

    private static void PrintMatches(Statement sql, Filter.Matches matches, string alias)
    {
        var field = matches.Path.Field;
        var branches = new Branches(sql);
        if (IsNested(matches.Path))
        {
            branches.Next();
            PrintElements(sql, matches.Path, alias, element =>
            {
                sql.Sql("jsonb_typeof(").Sql(element).Sql(") = 'string' and ");
                PrintPattern(sql, $"({element} #>> '{{}}') collate \"C\"", matches.Pattern);
            });
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
            PrintRestElements(sql, matches.Path, alias, element =>
            {
                sql.Sql("jsonb_typeof(").Sql(element).Sql(") = 'string' and ");
                PrintPattern(sql, $"({element} #>> '{{}}') collate \"C\"", matches.Pattern);
            });
        }

        branches.End();
    }

    /// <summary>Prints: a text matches a pattern.</summary>
    internal static void PrintPattern(Statement sql, string text, TextPattern pattern)
    {
        // Case-insensitive matching of the "C" collation knows ASCII only.
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

    /// <summary>A text as PostgreSQL takes it: NUL and lone surrogates, which no column holds, become U+FFFD, which keeps order and inequality.</summary>
    internal static string Clean(string text) => Storage.IsStorable(text, false) ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace('\0', '\ufffd')));

    internal static DateTime ToDateTime(long milliseconds) => milliseconds < Storage.MinMilliseconds ? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc)
        : milliseconds > Storage.MaxMilliseconds ? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)
        : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime;

    private static bool IsOrdered(ValueKind kind) => kind is ValueKind.Number or ValueKind.Text or ValueKind.Timestamp or ValueKind.Boolean or ValueKind.Bytes;

    private static ValueKind? KindOf(FieldKind kind) => kind switch
    {
        FieldKind.Text => ValueKind.Text,
        FieldKind.Number => ValueKind.Number,
        FieldKind.Boolean => ValueKind.Boolean,
        FieldKind.Timestamp => ValueKind.Timestamp,
        FieldKind.Bytes => ValueKind.Bytes,
        FieldKind.File => ValueKind.File,
        FieldKind.Reference => ValueKind.Reference,
        _ => null,
    };

    private static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.Less => " < ",
        Comparison.LessOrEqual => " <= ",
        Comparison.Greater => " > ",
        _ => " >= ",
    };

    /// <summary>Alternatives joined by <c>or</c>, in parentheses; none at all is <c>false</c>.</summary>
    private struct Branches(Statement sql)
    {
        private int _count;

        public void Next() => sql.Sql(_count++ == 0 ? "(" : " or ");

        public readonly void End() => sql.Sql(_count == 0 ? "false" : ")");
    }
}
