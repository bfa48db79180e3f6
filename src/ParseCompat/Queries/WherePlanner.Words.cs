using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <content>Full text search (contract 9.5, section 32: all fields of the class's text index, or the named one where there is none).</content>
internal sealed partial class WherePlanner
{
    /// <summary>The search whose score rows have; null: nothing was searched for.</summary>
    public Filter.SearchText? Search { get; private set; }

    private Filter SearchText(Table table, FieldPath? path, JsonElement operand)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("$search", out var search) || search.ValueKind != JsonValueKind.Object)
            throw Bad("bad $text: $search, should be object");
        if (Text(search, "$term") is not { Length: > 0 } term)
            throw Bad("bad $text: $term, should be string");
        var language = "english";
        if (search.TryGetProperty("$language", out var given) && IsTruthy(given))
        {
            language = given.ValueKind != JsonValueKind.String ? throw Bad("bad $text: $language, should be string")
                : TextSearch.Languages.GetValueOrDefault(JsonText.Read(given)) ?? throw Bad($"bad $text: $language, unsupported language {JsonText.Read(given)}");
        }

        var read = ReadTerms(term) with
        {
            Language = language,
            CaseSensitive = Flag(search, "$caseSensitive"),
            AccentSensitive = Flag(search, "$diacriticSensitive"),
        };
        var fields = IndexedWords(table);
        if (fields.IsEmpty)
            fields = path is { Steps.IsEmpty: true, Field.Kind: FieldKind.Text or FieldKind.Array } ? [path.Field] : [];
        // Words that must not be there find nothing by themselves.
        return fields.IsEmpty || (read.Terms.IsEmpty && read.Phrases.IsEmpty) ? Filter.Never : Search = new Filter.SearchText(fields, read);
    }

    private static bool Flag(JsonElement search, string name) => search.TryGetProperty(name, out var given) && IsTruthy(given)
        && (given.ValueKind == JsonValueKind.True ? true : throw Bad($"bad $text: {name}, should be boolean"));

    /// <summary>The fields of the class's text index; a wildcard index holds all texts.</summary>
    private static ImmutableArray<Field> IndexedWords(Table table)
    {
        foreach (var index in table.Indexes)
        {
            if (!index.DefinitionJson.Contains("\"text\"", StringComparison.Ordinal))
                continue;
            var definition = IncludedRows.Parse(System.Text.Encoding.UTF8.GetBytes(index.DefinitionJson));
            if (definition.ValueKind != JsonValueKind.Object)
                continue;
            var names = definition.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String && p.Value.ValueEquals("text")).Select(p => p.Name).ToList();
            var fields = names.Contains("$**")
                ? table.Fields.Where(f => f.Kind is FieldKind.Text or FieldKind.Array)
                : names.Select(table.Find).OfType<Field>().Where(f => f.Kind is FieldKind.Text or FieldKind.Array);
            if (fields.Any())
                return [.. fields];
        }

        return [];
    }

    /// <summary>MongoDB's search syntax: words, of which one is enough; "phrases"; and -words that must not be there.</summary>
    private static TextSearch ReadTerms(string text)
    {
        var terms = ImmutableArray.CreateBuilder<string>();
        var phrases = ImmutableArray.CreateBuilder<string>();
        var excluded = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }

            var negated = text[i] == '-';
            var start = negated ? i + 1 : i;
            if (start < text.Length && text[start] == '"' && text.IndexOf('"', start + 1) is var end && end > start)
            {
                (negated ? excluded : phrases).Add(text[(start + 1)..end]);
                i = end + 1;
                continue;
            }

            while (i < text.Length && !char.IsWhiteSpace(text[i]))
                i++;
            (negated ? excluded : terms).Add(text[start..i].Replace('"', ' '));
        }

        return new TextSearch("english", terms.ToImmutable(), phrases.ToImmutable(), excluded.ToImmutable());
    }
}
