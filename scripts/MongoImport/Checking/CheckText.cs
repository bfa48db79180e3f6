using System.Globalization;

namespace Backend.MongoImport.Checking;

/// <summary>The report of a check for people: the verdict, what matters most, and then everything.</summary>
internal static class CheckText
{
    /// <summary>Lines of a section; the JSON has them all.</summary>
    private const int MostLines = 60;

    public static void Write(CheckReport report, TextWriter to)
    {
        to.WriteLine();
        to.WriteLine($"Check of {report.Source}: {N(report.Documents)} documents in {N(report.Classes.Count)} classes, {Size(report.Bytes)}");
        if (report.Server is { } server)
        {
            to.WriteLine($"Database: {server}");
        }
        to.WriteLine();
        to.WriteLine(Verdict(report));
        Section(to, "To be put right first", report.Open(Weight.Fix));
        Section(to, "To decide (a rules file settles it; \"accept\" says that it may be so)", report.Open(Weight.Decide));
        Section(to, "Accepted by rule", report.Findings.Where(f => f.Accepted));
        Section(to, "To know", report.Open(Weight.Know));
        foreach (var check in report.Classes.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            Class(to, check);
        }
        if (report.Files is { } files)
        {
            to.WriteLine();
            to.WriteLine($"GridFS: {N(files.Files)} files, {Size(files.Bytes)}");
        }
        to.WriteLine();
        to.WriteLine($"An import will take about {Time(report.Estimate.Seconds)} and {Size(report.Estimate.Bytes)} of disk in the database, indexes included, and twice that for a while when it is repeated.");
        to.WriteLine($"Checked in {report.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s. {Verdict(report)}");
    }

    private static string Verdict(CheckReport report)
    {
        var (fix, decide, know) = (report.Open(Weight.Fix).Count(), report.Open(Weight.Decide).Count(), report.Open(Weight.Know).Count());
        return fix > 0 ? $"VERDICT: {N(fix)} to be put right first, {N(decide)} to decide, {N(know)} to know."
            : decide > 0 ? $"VERDICT: everything can be imported; {N(decide)} to decide, {N(know)} to know."
            : $"VERDICT: everything can be imported, and nothing is to be decided ({N(know)} to know).";
    }

    private static void Section(TextWriter to, string title, IEnumerable<Finding> findings)
    {
        var all = findings.ToList();
        if (all.Count == 0)
        {
            return;
        }
        to.WriteLine();
        to.WriteLine($"{title}:");
        foreach (var finding in all.Take(MostLines))
        {
            var examples = finding.Examples.Count > 0 ? $" ({string.Join(", ", finding.Examples.Select(Printable))}{(finding.Count > finding.Examples.Count ? ", …" : "")})" : "";
            to.WriteLine($"  {(finding.Subject.Length > 0 ? Printable(finding.Subject) + ": " : "")}{finding.Text}{examples}");
        }
        if (all.Count > MostLines)
        {
            to.WriteLine($"  … and {N(all.Count - MostLines)} more: --report FILE has them all");
        }
    }

    private static void Class(TextWriter to, ClassCheck check)
    {
        to.WriteLine();
        to.WriteLine($"{check.Name}: {N(check.Documents)} documents -> app.{check.Table.Relation}{(check.Table.Existing switch { null => "", { System: true } => " (of the system)", _ => " (there already)" })}");
        foreach (var field in check.Table.Fields.Where(f => !f.System || Met(check, f).Length > 0))
        {
            var joined = check.Joins.GetValueOrDefault(field.Name);
            to.WriteLine($"  {Printable(field.Name),-24} {ColumnText.TypeName(field),-20} -> {ColumnText.Becomes(field),-36} {(joined is null ? Met(check, field) : $"{N(joined.Rows)} memberships")}{(check.Plan.Inferred.Contains(field.Name) ? " [inferred]" : "")}");
        }
    }

    private static string Met(ClassCheck check, Backend.Data.Catalog.Field field) =>
        string.Join(", ", check.Plan.SourcesOf(field.Name, field.Kind).Where(check.Types.ContainsKey).SelectMany(s => check.Types[s].All).Select(t => $"{t.Type} {N(t.Tally.Count)}"));

    // Names and ids come from outside: nothing of them may move the cursor.
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        >= 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 30:N0} GB"),
        >= 10L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20:N0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 1023) >> 10:N0} kB"),
    };

    private static string Time(double seconds) => seconds switch
    {
        < 90 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, seconds):0} seconds"),
        < 5400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} minutes"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} hours"),
    };
}
