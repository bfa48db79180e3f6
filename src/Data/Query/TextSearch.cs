using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>What a full text search asks for, already taken apart.</summary>
/// <param name="Language">One of <see cref="Languages"/>' values: how words are brought to their stems.</param>
/// <param name="Terms">Words, of which one is enough.</param>
/// <param name="Phrases">Sequences of words, which must all be there; then the terms only count for the score.</param>
/// <param name="Excluded">Words that must not be there.</param>
/// <param name="CaseSensitive">A term must stand there in its letters' case, at the beginning of a word.</param>
/// <param name="AccentSensitive">Letters with and without accents are different.</param>
public sealed record TextSearch(string Language, ImmutableArray<string> Terms, ImmutableArray<string> Phrases, ImmutableArray<string> Excluded,
    bool CaseSensitive = false, bool AccentSensitive = false)
{
    /// <summary>PostgreSQL's text search configurations by the names and two-letter codes that clients use.</summary>
    public static FrozenDictionary<string, string> Languages { get; } = new Dictionary<string, string>
    {
        ["none"] = "simple",
        ["danish"] = "danish",
        ["da"] = "danish",
        ["dutch"] = "dutch",
        ["nl"] = "dutch",
        ["english"] = "english",
        ["en"] = "english",
        ["finnish"] = "finnish",
        ["fi"] = "finnish",
        ["french"] = "french",
        ["fr"] = "french",
        ["german"] = "german",
        ["de"] = "german",
        ["hungarian"] = "hungarian",
        ["hu"] = "hungarian",
        ["italian"] = "italian",
        ["it"] = "italian",
        ["norwegian"] = "norwegian",
        ["nb"] = "norwegian",
        ["portuguese"] = "portuguese",
        ["pt"] = "portuguese",
        ["romanian"] = "romanian",
        ["ro"] = "romanian",
        ["russian"] = "russian",
        ["ru"] = "russian",
        ["spanish"] = "spanish",
        ["es"] = "spanish",
        ["swedish"] = "swedish",
        ["sv"] = "swedish",
        ["turkish"] = "turkish",
        ["tr"] = "turkish",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The words of text and array columns, as indexes and queries print them: an index serves only the very same expression. Accents are taken off.
    /// </summary>
    /// <param name="language">A text search configuration.</param>
    /// <param name="fields">Fields with columns.</param>
    /// <param name="alias">The table's alias and a dot, or nothing.</param>
    public static string Vector(string language, IEnumerable<Field> fields, string alias = "") =>
        $"to_tsvector('{language}'::regconfig, catalog.search_text({Text(fields, alias)}))";

    /// <summary>The text of text and array columns in one.</summary>
    internal static string Text(IEnumerable<Field> fields, string alias) => string.Join(" || ' ' || ", fields.Select(f => f.Kind == FieldKind.Array
        ? $"coalesce(jsonb_path_query_array({alias}{f.QuotedColumn}, '$[*] ? (@.type() == \"string\")')::text, '')"
        : $"coalesce({alias}{f.QuotedColumn}, '')"));
}
