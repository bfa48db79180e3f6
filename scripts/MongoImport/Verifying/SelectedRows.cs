using Backend.Data.Catalog;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>Compares chosen rows of a class with their documents: those that changed since the last complete comparison.</summary>
internal static class SelectedRows
{
    /// <summary>Compares.</summary>
    /// <param name="database">Connections.</param>
    /// <param name="table">The class's table, as the catalog knows it now.</param>
    /// <param name="documents">The documents that the source has of these, as the rules want them; one for each id.</param>
    /// <param name="ids">The ids of all rows in question: what has no document must have no row.</param>
    /// <param name="stop">Cancels.</param>
    /// <returns>The differences, and counts with the sums of the hashes on both sides.</returns>
    public static async Task<(IReadOnlyList<Difference> Differences, ComparedRows Found)> VerifyAsync(NpgsqlDataSource database, Table table, IReadOnlyList<byte[]> documents,
        IReadOnlyCollection<string> ids, CancellationToken stop)
    {
        var comparer = new RowComparer(table, new CanonicalFields(table, isExport: false), new RowRestorer(table));
        var differences = new List<Difference>();
        var compared = new HashSet<string>(StringComparer.Ordinal);
        await using var connection = await database.OpenConnectionAsync(stop);
        using (var block = DocumentBlock.Of(documents))
        {
            await comparer.CompareAsync(connection, block, differences.Add, stop, id => compared.Add(id));
        }
        await using var command = new NpgsqlCommand($"select t.id from {table.Quoted} t where t.id = any($1)", connection)
        {
            Parameters = { new() { Value = ids.Where(id => !compared.Contains(id)).ToArray() } },
        };
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            differences.Add(new Difference(DifferenceKind.NoDocument, table.Origin, reader.GetString(0), null, null, null));
        }
        return (differences, comparer.Found);
    }
}
