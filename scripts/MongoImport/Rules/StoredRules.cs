using Backend.Data.Imports;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Rules;

/// <summary>The rules that the rows in the database were imported by: whoever compares them with the source, or brings changes after them, goes by the same.</summary>
internal static class StoredRules
{
    /// <summary>The rules to go by.</summary>
    /// <param name="database">A migrated database.</param>
    /// <param name="given">Those of <c>--rules</c>, or null when none were given: then those that are stored count.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceException">The rows were imported by other rules than those given.</exception>
    public static async Task<ImportRules> RequireAsync(NpgsqlDataSource database, ImportRules? given, CancellationToken stop)
    {
        var stored = await new ImportState(database).ReadRulesAsync(stop);
        if (given is null)
        {
            return ImportRules.Together(stored.Select(s => (s.Key, RulesReader.Read(s.Value))));
        }
        var different = stored.Where(s => s.Value != RulesText.Of(given.For(s.Key))).Select(s => s.Key).Order(StringComparer.Ordinal).ToList();
        return different.Count == 0
            ? given
            : throw new SourceException($"The rules are not those of the import: {string.Join(", ", different)} came by others. Leave --rules away, to go by those that the import has kept, or import again.");
    }
}
