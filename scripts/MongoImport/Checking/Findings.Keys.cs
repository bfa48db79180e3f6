using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Checking;

/// <content>What comes twice, and what leads nowhere.</content>
internal sealed partial class Findings
{
    private void Keys(ClassCheck check)
    {
        var mine = keys[check.Name];
        if (check.Plan.Collection is { } collection)
        {
            Repeated(check, collection, mine);
            foreach (var ((place, target), references) in mine.References)
            {
                Dangling(check, collection, place, target, references);
            }
        }
        foreach (var join in check.Plan.Joins)
        {
            if (check.Joins.TryGetValue(join.Field, out var counts))
            {
                Members(check, join.Field, join.Collection, counts, mine.Joins[join.Field]);
            }
        }
    }

    private void Repeated(ClassCheck check, SourceCollection collection, ClassKeys mine)
    {
        Add("duplicate-id", null, KeyQuestions.Repeated(mine.Ids), n => $"{Documents(n)} {Have(n)} an id that another has: the {(check.Plan.Rule.FirstWins ? "first" : "last")} read counts");
        foreach (var (what, values) in mine.Unique.Where(u => !u.Key.EndsWith(ClassChecker.CaseVariants, StringComparison.Ordinal)))
        {
            var equal = KeyQuestions.Repeated(values);
            var field = what switch
            {
                "identity" => "authData",
                "session token" => "sessionToken",
                "legacy session token" => null,
                _ => what,
            };
            Add("duplicate-" + what.Replace(' ', '-'), field, equal, n => what == "legacy session token"
                ? $"{Documents(n)} {Have(n)} a legacy session token that another has"
                : $"{Documents(n)} {Have(n)} the same {what} as another: one keeps it ({KeeperOf(check, field)}), the others are marked and cannot be found by it");
            if (mine.Unique.TryGetValue(what + ClassChecker.CaseVariants, out var lowered))
            {
                var any = KeyQuestions.Repeated(lowered);
                if (any.Count > equal.Count)
                {
                    Add("case-" + what, field, any with { Count = any.Count - equal.Count }, n => $"{Documents(n)} {Have(n)} a {what} that differs from another's by case alone: all stay as they are");
                }
            }
        }

        void Add(string kind, string? field, Answer answer, Func<long, string> text)
        {
            if (answer.Count > 0)
            {
                _open.Add((new Finding(Weight.Decide, kind, text(answer.Count)) { Class = check.Name, Field = field, Count = answer.Count }, collection, answer.First));
            }
        }
    }

    private void Dangling(ClassCheck check, SourceCollection collection, string place, string target, KeySet references)
    {
        var answer = keys.TryGetValue(target, out var there) ? KeyQuestions.Missing(references, [there.Ids]) : KeyQuestions.Missing(references, []);
        if (answer.Count == 0)
        {
            return;
        }
        var isSession = check.Plan.IsSessions && place == "user";
        var text = isSession ? $"{Documents(answer.Count)} of a user that is not there: imported, and of use to nobody"
            : there is null ? $"{Documents(answer.Count)} of {N(references.Count)} with a pointer to {target}, which the source does not have or an import leaves out"
            : $"{Documents(answer.Count)} of {N(references.Count)} with a pointer to a {target} that is not there: the pointer stays";
        _open.Add((new Finding(isSession ? Weight.Know : Weight.Decide, isSession ? "session-without-user" : "dangling", text) { Class = check.Name, Field = place, Count = answer.Count },
            collection, answer.First));
    }

    private void Members(ClassCheck check, string field, SourceCollection collection, JoinCheck counts, (KeySet Owning, KeySet Related, KeySet Pairs) sets)
    {
        if (counts.Incomplete > 0)
        {
            _findings.Add(new Finding(Weight.Decide, "incomplete-membership", $"{N(counts.Incomplete)} rows of the relation lack an id and are left out") { Class = check.Name, Field = field, Count = counts.Incomplete });
        }
        Add(Weight.Know, "duplicate-membership", KeyQuestions.Repeated(sets.Pairs), n => $"{N(n)} memberships come twice: the first counts");
        Add(Weight.Decide, "dangling-membership", KeyQuestions.Missing(sets.Owning, [keys[check.Name].Ids]), n => $"{N(n)} memberships of a {check.Name} that is not there: they stay");
        var target = check.Table.Fields.First(f => f.Name == field).Target;
        if (string.IsNullOrEmpty(target))
        {
            Add(Weight.Decide, "dangling-membership", KeyQuestions.Missing(sets.Related, keys.Values.Select(k => k.Ids)), n => $"{N(n)} memberships lead to a row that no class has: they stay");
            _findings.Add(new Finding(Weight.Know, "relation-target", "no schema says where the relation leads: the import takes the class that holds the ids (rule: target)") { Class = check.Name, Field = field });
            return;
        }
        Add(Weight.Decide, "dangling-membership", KeyQuestions.Missing(sets.Related, keys.TryGetValue(target, out var there) ? [there.Ids] : []),
            n => $"{N(n)} memberships lead to a {target} that is not there: they stay");

        void Add(Weight weight, string kind, Answer answer, Func<long, string> text)
        {
            if (answer.Count > 0)
            {
                _open.Add((new Finding(weight, kind, text(answer.Count)) { Class = check.Name, Field = field, Count = answer.Count }, collection, answer.First));
            }
        }
    }

    // One more reading of each collection that has something to show, as far as its last example.
    private void Resolve(CancellationToken stop)
    {
        foreach (var group in _open.GroupBy(o => o.Collection))
        {
            Dictionary<long, string> ids;
            try
            {
                ids = Examples.Of(group.Key, group.SelectMany(o => o.Numbers).ToHashSet(), stop);
            }
            catch (SourceDamagedException)
            {
                // Told already; the numbers say as much as can be said.
                ids = [];
            }
            _findings.AddRange(group.Select(o => o.Finding with { Examples = [.. o.Numbers.Select(n => ids.GetValueOrDefault(n) ?? $"document {n}").Distinct()] }));
        }
    }

    private static string KeeperOf(ClassCheck check, string? field) => check.Plan.Rule.Field(field ?? "").Keeper switch
    {
        { Ids.Count: > 0 } keeper => $"by rule {string.Join(", ", keeper.Ids)}",
        { IsUsual: false } keeper => $"by rule the {RulesReader.OrderName(keeper.Order)}",
        _ => "the last seen or changed, unless a rule says keeps",
    };

    private static string Have(long count) => count == 1 ? "has" : "have";
}
