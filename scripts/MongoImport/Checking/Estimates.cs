using Backend.Data.Catalog;

namespace Backend.MongoImport.Checking;

/// <summary>
/// What an import will need, by figures measured on two cores and a local disk: 45 MB of rows a second, 1.2 million index entries a second, 1.5 million documents a
/// second for the first pass. Twice too much or too little is possible elsewhere.
/// </summary>
internal static class Estimates
{
    private const double RowBytesASecond = 45e6;
    private const double EntriesASecond = 1.2e6;
    private const double ScannedASecond = 1.5e6;

    /// <summary>A row's header, its pointer in the page and what alignment costs.</summary>
    private const long RowOverhead = 40;

    /// <summary>An entry's header, pointer and page fill of a B-tree.</summary>
    private const long EntryOverhead = 22;

    /// <summary>Ids and references: ten to twenty-four characters.</summary>
    private const long KeyBytes = 18;

    public static Estimate Of(CheckReport report, long scanned)
    {
        var seconds = scanned / ScannedASecond;
        var bytes = 0L;
        foreach (var check in report.Classes)
        {
            var rows = check.Documents;
            // Id, and creation time with id; every reference; what is declared.
            var indexes = 2 + check.Table.Fields.Count(f => f is { Kind: FieldKind.Reference, Column: not null }) + check.Table.Indexes.Count(i => i.Sql is not null);
            seconds += check.RowBytes / RowBytesASecond + rows * indexes / EntriesASecond;
            // COPY has four bytes for each column's length, the heap one at most, and nothing for a null.
            var columns = check.Table.Fields.Count(f => f.Kind != FieldKind.Relation) + 6;
            bytes += Math.Max(check.RowBytes - rows * columns * 3, rows * KeyBytes) + rows * (RowOverhead + indexes * (EntryOverhead + KeyBytes));
            foreach (var join in check.Joins.Values)
            {
                seconds += join.Bytes / RowBytesASecond + join.Rows * 2 / EntriesASecond;
                bytes += join.Bytes + join.Rows * (RowOverhead + 2 * (EntryOverhead + 2 * KeyBytes));
            }
        }
        return new Estimate(seconds, bytes);
    }
}
