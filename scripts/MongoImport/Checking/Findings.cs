using System.Globalization;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Checking;

/// <summary>Turns what was counted into findings, and asks the keys.</summary>
internal sealed partial class Findings(CheckReport report, IReadOnlyDictionary<string, ClassKeys> keys, CheckOptions options, DateTimeOffset now)
{
    private const int LongestName = 63;

    private readonly List<Finding> _findings = [];

    // Findings whose examples are still numbers of documents.
    private readonly List<(Finding Finding, SourceCollection Collection, IReadOnlyList<long> Numbers)> _open = [];

    /// <summary>Fills the report.</summary>
    public void Gather(GridBucket? bucket, KeyFile files, CancellationToken stop)
    {
        foreach (var (name, damage) in report.Plan.Damaged)
        {
            _findings.Add(new Finding(Weight.Fix, "damaged", $"is damaged and would not be imported: {damage.Message}") { Class = name });
        }
        if (!report.Plan.HasSchema)
        {
            _findings.Add(new Finding(Weight.Know, "no-schema", "the source has no _SCHEMA: every type is inferred, and there are no class permissions"));
        }
        foreach (var check in report.Classes)
        {
            Values(check);
            Rows(check);
            Names(check);
            Keys(check);
        }
        Source();
        Files(bucket, files);
        Resolve(stop);
        report.Findings.AddRange(_findings);
        var ordered = report.Findings.Select(f => f.Weight == Weight.Decide && IsAccepted(f) ? f with { Accepted = true } : f)
            .OrderBy(f => f.Accepted ? Weight.Know : f.Weight)
            .ThenByDescending(f => f.Count)
            .ThenBy(f => f.Class, StringComparer.Ordinal)
            .ThenBy(f => f.Field, StringComparer.Ordinal)
            .ToList();
        report.Findings.Clear();
        report.Findings.AddRange(ordered);
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Values(long count) => count == 1 ? "1 value" : $"{N(count)} values";

    private static string Documents(long count) => count == 1 ? "1 document" : $"{N(count)} documents";

    private static Finding Of(ClassCheck check, Weight weight, string kind, Tally tally, string text) =>
        new(weight, kind, text) { Class = check.Name, Count = tally.Count, Examples = tally.Examples };

    // Everything in rest, by the reason.
    private void Values(ClassCheck check)
    {
        foreach (var ((key, reason), tally) in check.InRest)
        {
            var field = FieldOf(check, key);
            var text = reason == Reason.OtherType && field is not null
                ? $"{Values(tally.Count)} of another type than {RestText(check, field)} stay as they are, in rest"
                : $"{Values(tally.Count)} in rest: {reason.Text()}";
            _findings.Add(Of(check, WeightOf(check, reason), Kind(reason), tally, text) with { Field = field?.Name ?? key });
        }
    }

    // The config and the hooks never had ids that are texts.
    private static Weight WeightOf(ClassCheck check, Reason reason) => (reason == Reason.Id && check.Name.StartsWith('_')) || reason is Reason.Null or Reason.SystemKey or Reason.RelationData or Reason.SecondName ? Weight.Know : Weight.Decide;

    private static string Kind(Reason reason) =>
        string.Concat(reason.ToString().Select((c, n) => char.IsAsciiLetterUpper(c) && n > 0 ? "-" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString()));

    /// <summary>The field that a key of <c>rest</c> speaks of; null: none.</summary>
    public static Field? FieldOf(ClassCheck check, string key) =>
        check.Table.Fields.FirstOrDefault(f => f.Name == key)
        ?? check.Table.Fields.FirstOrDefault(f => key.StartsWith('_') && (key == "_p_" + f.Name || key == "_" + f.Name));

    private static string RestText(ClassCheck check, Field field)
    {
        var met = check.Plan.SourcesOf(field.Name, field.Kind).Where(check.Types.ContainsKey).SelectMany(s => check.Types[s].All).Select(t => $"{t.Type} {N(t.Tally.Count)}");
        return $"{ColumnText.TypeName(field)} (met: {string.Join(", ", met)})";
    }

    private void Rows(ClassCheck check)
    {
        var undecodable = check.UndecodableCount;
        if (undecodable > 0)
        {
            _findings.Add(new Finding(Weight.Fix, "undecodable", $"{Documents(undecodable)} cannot be decoded and would go to the reject file: {string.Join("; ", check.Undecodable)}")
            {
                Class = check.Name,
                Count = undecodable,
            });
        }
        Add(check.LegacyRights, Weight.Decide, "legacy-rights", "with rights in _acl alone: these count here, while the old server took such rows for public");
        Add(check.OddHashes, Weight.Decide, "password-hash", "with a password hash that is not bcrypt: these users need a new password");
        Add(check.WithoutTimes, Weight.Know, "no-times", "without times: the time of the ObjectId, or 1970");
        Add(check.Expired, Weight.Know, "expired-session", $"that had expired by {now.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}: imported, and deleted by a job later");
        Add(check.WithoutUser, Weight.Know, "session-without-user", "without user: imported, and of use to nobody");
        Add(check.WithoutToken, Weight.Know, "session-without-token", "without token: imported, and of use to nobody");
        if (check.DuplicateKeys > 0)
        {
            _findings.Add(new Finding(Weight.Know, "key-twice", $"{N(check.DuplicateKeys)} keys stand twice in one document: the last value counts") { Class = check.Name, Count = check.DuplicateKeys });
        }
        _findings.AddRange(check.IndexNotes.Select(note => new Finding(Weight.Know, "index", note) { Class = check.Name }));

        void Add(Tally tally, Weight weight, string kind, string text)
        {
            if (tally.Count > 0)
            {
                _findings.Add(Of(check, weight, kind, tally, $"{Documents(tally.Count)} {text}"));
            }
        }
    }

    private void Names(ClassCheck check)
    {
        if (!check.Plan.IsDeclared && report.Plan.HasSchema && !check.Name.StartsWith('_'))
        {
            _findings.Add(new Finding(Weight.Know, "not-in-schema", "has no entry in _SCHEMA: its types are inferred, and anybody may do anything") { Class = check.Name });
        }
        else if (check.Plan.Inferred.Count > 0 && report.Plan.HasSchema)
        {
            _findings.Add(new Finding(Weight.Know, "field-not-in-schema",
                $"fields that _SCHEMA lacks, types inferred: {string.Join(", ", check.Plan.Inferred.Order(StringComparer.Ordinal).Take(20))}{(check.Plan.Inferred.Count > 20 ? " …" : "")}")
            { Class = check.Name, Count = check.Plan.Inferred.Count });
        }
        var plain = TablePreview.PlainName(check.Name);
        if (check.Table.Existing is null && check.Table.Relation != plain)
        {
            _findings.Add(new Finding(Weight.Know, "name", $"the table is called {check.Table.Relation}: {Why(plain, "another table or one of the system")}; the APIs show {check.Name}") { Class = check.Name });
        }
        foreach (var field in check.Table.Fields.Where(f => f is { System: false, Column: not null }))
        {
            plain = TablePreview.PlainName(field.Kind == FieldKind.Relation ? check.Table.Relation + "_" + field.Name : field.Name);
            if (field.Column != plain)
            {
                var other = check.Table.Fields.FirstOrDefault(f => f.Column == plain);
                _findings.Add(new Finding(Weight.Know, "name",
                    $"the {(field.Kind == FieldKind.Relation ? "join table" : "column")} is called {field.Column}: {Why(plain, other is null ? "a column that every table has, or another table" : other.Name)}; the APIs show {field.Name}")
                {
                    Class = check.Name,
                    Field = field.Name,
                });
            }
        }
    }

    private static string Why(string plain, string other) => plain.Length > LongestName ? "PostgreSQL's names end at 63 bytes" : $"{plain} is taken by {other}";

    private void Source()
    {
        foreach (var ignored in report.Plan.Ignored.Where(i => !GridBucket.Is(i.Name, options.Bucket, "")))
        {
            _findings.Add(new Finding(Weight.Know, "not-imported", $"is not imported ({Documents(ignored.Documents)}): {ignored.Reason}") { Class = ignored.Name, Count = ignored.Documents });
        }
        foreach (var (className, field, values) in report.Plan.Skipped)
        {
            _findings.Add(new Finding(Weight.Know, "skipped", $"{Values(values)} skipped by rule") { Class = className, Field = field, Count = values });
        }
        _findings.AddRange(report.Plan.IdleRules.Select(rule => new Finding(Weight.Decide, "idle-rule", rule)));
        _findings.AddRange(report.Plan.Notes.Select(note => new Finding(Weight.Know, "note", note)));
    }

    private bool IsAccepted(Finding finding)
    {
        if (finding.Kind.StartsWith("file-", StringComparison.Ordinal) && options.Rules.AcceptFiles)
        {
            return true;
        }
        if (finding.Class is null)
        {
            return false;
        }
        var rule = options.Rules.Renamed().Class(finding.Class);
        return rule.Accept || (finding.Field is { } field && rule.Field(field.Split(' ')[0]).Accept);
    }
}
