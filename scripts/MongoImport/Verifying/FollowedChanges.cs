using Backend.Data;
using Backend.MongoImport.Following;
using Backend.MongoImport.Restoring;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// While a live source is followed it changes under the comparison: a document was read before a change of it, its row after, or the other way round. Such rows
/// and links stand in the follower's list of what it changed, and a cut-over compares them again.
/// </summary>
internal sealed class FollowedChanges(NpgsqlDataSource database, TimeProvider clock, TimeSpan patience)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes differences of what was changed since the comparison began out of the report, waiting a little for changes that are still on their way.</summary>
    public async Task ExplainAsync(VerifyReport report, DateTimeOffset since, CancellationToken stop)
    {
        if (await FollowState.ReadAsync(database, stop) is not { State: FollowState.Following } state)
        {
            return;
        }
        if (state.FromOplog)
        {
            // A dump stays what it was: whatever its oplog has changed since differs from it.
            since = DateTimeOffset.UnixEpoch;
        }
        var until = clock.GetUtcNow() + patience;
        while (true)
        {
            var left = false;
            foreach (var one in report.Classes.Where(c => c.Differences.Kept.Any(MayChange)))
            {
                var rows = await RowsAsync(one, since, stop);
                var links = await LinksAsync(one, since, stop);
                one.Rules.Add(Rule.ChangedMeanwhile, one.Differences.Remove(d => IsOfRow(d) ? rows.Contains(d.Id) : d.Link is not null && links.Contains(d)));
                left |= one.Differences.Kept.Any(MayChange);
            }
            if (!left || clock.GetUtcNow() > until)
            {
                return;
            }
            await Task.Delay(Pause, clock, stop);
        }
    }

    private static bool IsOfRow(Difference difference) => difference.Kind is DifferenceKind.Value or DifferenceKind.NoRow or DifferenceKind.NoDocument;

    private static bool MayChange(Difference difference) => IsOfRow(difference) || difference.Link is not null;

    private async Task<HashSet<string>> RowsAsync(ClassVerification one, DateTimeOffset since, CancellationToken stop)
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

    // A pair is held by documents: of the source those that it had when it was read, of the follow those that it knows now.
    private async Task<HashSet<Difference>> LinksAsync(ClassVerification one, DateTimeOffset since, CancellationToken stop)
    {
        var changed = new HashSet<Difference>(ReferenceEqualityComparer.Instance);
        foreach (var group in one.Differences.Kept.Where(d => d.Link is not null).GroupBy(d => (d.Field, d.Link!.Relation)).ToList())
        {
            var links = group.ToList();
            await using var command = database.CreateCommand($"""
                select n.n from unnest($4::text[], $5::text[], $6::text[]) with ordinality as n (owning_id, related_id, documents, n)
                where exists (
                    select from catalog.follow_changes c
                    where c.origin = $1 and c.changed_at >= $2 and (c.id = any(string_to_array(n.documents, ',')) or c.id in (
                        select encode(l.document, 'hex') from catalog.follow_links l where l.relation = $3 and l.owning_id = n.owning_id and l.related_id = n.related_id)))
                or (n.documents = '' and not exists (select from app.{Sql.Quote(group.Key.Relation)} j where j.owning_id = n.owning_id and j.related_id = n.related_id))
                """);
            object[] values =
            [
                JoinRestorer.CollectionOf(group.Key.Field!, one.Name), since.UtcDateTime, group.Key.Relation,
                links.Select(d => d.Link!.Owning).ToArray(), links.Select(d => d.Link!.Related).ToArray(), links.Select(d => string.Join(',', d.Link!.Documents)).ToArray(),
            ];
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                changed.Add(links[(int)reader.GetInt64(0) - 1]);
            }
        }
        return changed;
    }
}
