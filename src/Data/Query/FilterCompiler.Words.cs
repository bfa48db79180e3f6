using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <content>Full text search (contract 9.5, <c>$text</c>).</content>
internal static partial class FilterCompiler
{
    private static ImmutableArray<Field> Searchable(Filter.SearchText filter) =>
        [.. filter.Fields.Where(f => f is { Column: not null, Kind: FieldKind.Text or FieldKind.File or FieldKind.Array })];

    private static void PrintSearch(Statement sql, Filter.SearchText filter, string alias)
    {
        var search = filter.Search;
        var fields = Searchable(filter);
        var branches = new Branches(sql);
        if (fields.Length > 0)
        {
            branches.Next();
            if (!search.AccentSensitive)
                sql.Demand(DemandedIndex.Words(fields, search.Language));
            sql.Sql(Vector(search, fields, alias)).Sql(" @@ ");
            PrintQuery(sql, search);
            PrintCase(sql, search, TextSearch.Text(fields, alias + "."));
        }

        foreach (var field in filter.Fields.Where(f => f.HasRest))
        {
            branches.Next();
            var text = sql.Fragment(s => s.Sql("case when jsonb_typeof(").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(") in ('string', 'array') then ")
                .Sql(alias).Sql(".rest ->> ").Text(field.Name).Sql(" end"));
            sql.Sql("to_tsvector('").Sql(search.Language).Sql("'::regconfig, ").Sql(Folded(search, text)).Sql(") @@ ");
            PrintQuery(sql, search);
            PrintCase(sql, search, text);
        }

        branches.End();
    }

    /// <summary>Prints how well a row matches. Long texts count less, as in MongoDB.</summary>
    internal static void PrintScore(Statement sql, Filter.SearchText filter, string alias)
    {
        var fields = Searchable(filter);
        if (fields.Length == 0)
        {
            sql.Sql("0::real");
            return;
        }

        var vector = Vector(filter.Search, fields, alias);
        sql.Sql("(ts_rank(").Sql(vector).Sql(", ");
        PrintQuery(sql, filter.Search);
        sql.Sql(") * (0.5 + 0.5 / greatest(length(").Sql(vector).Sql("), 1)))::real");
    }

    private static string Vector(TextSearch search, ImmutableArray<Field> fields, string alias) => search.AccentSensitive
        ? $"to_tsvector('{search.Language}'::regconfig, {Folded(search, TextSearch.Text(fields, alias + "."))})"
        : TextSearch.Vector(search.Language, fields, alias + ".");

    private static string Folded(TextSearch search, string text) => search.AccentSensitive ? $"lower(({text}) collate \"und-x-icu\")" : $"catalog.search_text({text})";

    private static void PrintQuery(Statement sql, TextSearch search)
    {
        var isPhrase = search.Phrases.Length > 0;
        sql.Sql("(");
        PrintWords(sql, search, isPhrase ? search.Phrases : search.Terms, isPhrase ? "phraseto_tsquery" : "plainto_tsquery", isPhrase ? " && " : " || ");
        foreach (var word in search.Excluded)
        {
            sql.Sql(" && !!");
            PrintWords(sql, search, [word], "plainto_tsquery", "");
        }

        sql.Sql(")");
    }

    private static void PrintWords(Statement sql, TextSearch search, ImmutableArray<string> words, string function, string between)
    {
        if (words.IsEmpty)
        {
            sql.Sql("''::tsquery");
            return;
        }

        sql.Sql("(");
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            sql.Sql(i > 0 ? between : "").Sql(function).Sql("('").Sql(search.Language).Sql("'::regconfig, ")
                .Sql(Folded(search, sql.Fragment(s => s.Text(Clean(word))))).Sql(")");
        }

        sql.Sql(")");
    }

    // Vectors know no case: the text itself is looked at, in the few rows that the words have found.
    private static void PrintCase(Statement sql, TextSearch search, string text)
    {
        if (!search.CaseSensitive)
            return;
        var words = search.Phrases.IsEmpty ? search.Terms : search.Phrases;
        var pattern = sql.Fragment(s => s.Text("\\m(?:" + string.Join('|', words.Select(w => Escape(Clean(w)))) + ")"));
        sql.Sql(" and ").Sql(search.AccentSensitive ? $"({text}) ~ {pattern}" : $"{WithoutAccents(text)} ~ {WithoutAccents(pattern)}");
    }

    private static string Escape(string word) => Regex.Replace(word, @"[^\p{L}\p{N}\p{M}]", m => m.Value is " " or "_" ? m.Value : "\\" + m.Value);

    private static string WithoutAccents(string text) => $"regexp_replace(normalize({text}, nfd), '[\\u0300-\\u036f]', '', 'g')";
}
