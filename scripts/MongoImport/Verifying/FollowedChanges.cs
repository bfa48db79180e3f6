using Backend.MongoImport.Following;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// While a live source is followed it changes under the comparison: a document was read before a change of it, its row after, or the other way round. Such rows
/// stand in the follower's list of what it changed, and a cut-over compares them again.
/// </summary>
internal sealed class FollowedChanges(NpgsqlDataSource database, TimeProvider clock, TimeSpan patience)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes differences of rows that were changed since the comparison began out of the report, waiting a little for changes that are still on their way.</summary>
    public async Task ExplainAsync(VerifyReport report, DateTimeOffset since, CancellationToken stop)
    {
        if (await FollowState.ReadAsync(database, stop) is not { State: FollowState.Following })
        {
            return;
        }
        var until = clock.GetUtcNow() + patience;
        while (true)
        {
            var left = false;
            foreach (var one in report.Classes.Where(c => c.Differences.Kept.Any(IsOfRow)))
            {
                var changed = await ChangedAsync(one, since, stop);
                one.Rules.Add(Rule.ChangedMeanwhile, one.Differences.Remove(d => IsOfRow(d) && changed.Contains(d.Id)));
                left |= one.Differences.Kept.Any(IsOfRow);
            }
            if (!left || clock.GetUtcNow() > until)
            {
                return;
            }
            await Task.Delay(Pause, clock, stop);
        }
    }

    private static bool IsOfRow(Difference difference) => difference.Kind is DifferenceKind.Value or DifferenceKind.NoRow or DifferenceKind.NoDocument;

    private async Task<HashSet<string>> ChangedAsync(ClassVerification one, DateTimeOffset since, CancellationToken stop)
    {
        await using var command = database.CreateCommand("select id from catalog.follow_changes where origin = $1 and id = any($2) and changed_at >= $3");
        command.Parameters.Add(new NpgsqlParameter { Value = one.Name });
        command.Parameters.Add(new NpgsqlParameter { Value = one.Differences.Kept.Where(IsOfRow).Select(d => d.Id).Distinct().ToArray() });
        command.Parameters.Add(new NpgsqlParameter { Value = since.UtcDateTime });
        await using var reader = await command.ExecuteReaderAsync(stop);
        var changed = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(stop))
        {
            changed.Add(reader.GetString(0));
        }
        return changed;
    }
}
