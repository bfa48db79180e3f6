using System.Globalization;
using Backend.MongoImport.Files;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Reporting;

/// <summary>The report for people.</summary>
internal static class ReportText
{
    private const int WidestName = 40;

    public static void Write(ImportReport report, TextWriter to)
    {
        to.WriteLine();
        to.WriteLine($"Import of {report.Source}");
        to.WriteLine();
        var width = Math.Clamp(report.Classes.Select(c => c.Name.Length).DefaultIfEmpty().Max(), 20, WidestName);
        to.WriteLine($"{"class".PadRight(width)} {"read",12} {"imported",12} {"in rest",9} {"rejected",9} {"duplicates",10} {"dangling",9}");
        foreach (var one in report.Classes)
        {
            to.WriteLine($"{Fit(one.Name, width)} {N(one.Read),12} {N(one.Imported),12} {N(one.InRest.Values.Sum()),9} {N(one.Rejected),9} {N(one.Duplicates),10} {N(one.Dangling.Values.Sum()),9}{(one.State == ClassState.Imported ? "" : "  " + State(one.State))}");
            foreach (var (field, join) in one.Joins)
            {
                to.WriteLine($"{Fit("  relation " + field, width)} {N(join.Read),12} {N(join.Imported),12} {"",9} {N(join.Rejected),9} {N(join.Duplicates),10} {N(join.Dangling),9}{(join.Incomplete > 0 ? $"  {N(join.Incomplete)} without both ids" : "")}");
            }
        }
        foreach (var one in report.Classes)
        {
            var lines = Details(one).ToList();
            if (lines.Count == 0)
            {
                continue;
            }
            to.WriteLine();
            to.WriteLine($"{one.Name}:");
            lines.ForEach(line => to.WriteLine("  " + line));
        }
        if (report.Files is { } files)
        {
            to.WriteLine();
            Write(files, to);
        }
        if (report.Ignored.Count > 0)
        {
            to.WriteLine();
            to.WriteLine("Not imported:");
            foreach (var ignored in report.Ignored)
            {
                to.WriteLine($"  {ignored.Name} ({N(ignored.Documents)} documents): {ignored.Reason}");
            }
        }
        if (report.Skipped.Count > 0)
        {
            to.WriteLine();
            to.WriteLine("Values skipped by rule:");
            foreach (var (className, field, values) in report.Skipped)
            {
                to.WriteLine($"  {className}.{field}: {N(values)}");
            }
        }
        if (report.Notes.Count > 0)
        {
            to.WriteLine();
            report.Notes.ToList().ForEach(to.WriteLine);
        }
        to.WriteLine();
        to.WriteLine($"{N(report.Read)} documents in {report.Seconds.ToString("0.0", CultureInfo.InvariantCulture)} s ({N((long)(report.Read / Math.Max(report.Seconds, 0.001)))} a second), {N(ImportReport.PeakMemory / 1_000_000)} MB of memory at most"
            + (report.Rejected > 0 ? $", {N(report.Rejected)} rejected: see {report.RejectFile}" : ""));
    }

    /// <summary>What became of files.</summary>
    public static void Write(FilesReport files, TextWriter to)
    {
        to.WriteLine($"Files: {N(files.Found)} in GridFS{(files.Folder is null ? "" : $", {N(files.Imported)} imported into {files.Folder} ({N(files.Bytes)} bytes), {N(files.Present)} there already")}");
        Line(files.Older, "entries whose name was uploaded again later");
        Line(files.Damaged, "damaged: they are in the reject file");
        Line(files.DuplicateChunks, "chunks that came twice");
        Line(files.OrphanChunks, "chunks of no file");
        Line(files.NotEncrypted, "not encrypted under this key: taken as they are");
        files.Notes.ForEach(note => to.WriteLine("  " + note));

        void Line(long count, string what)
        {
            if (count > 0)
            {
                to.WriteLine($"  {N(count)} {what}");
            }
        }
    }

    private static IEnumerable<string> Details(ClassReport one)
    {
        if (one.Message is not null)
        {
            yield return one.Message;
        }
        foreach (var ((key, reason), count) in one.InRest.OrderBy(r => r.Key.Key, StringComparer.Ordinal).ThenBy(r => r.Key.Reason))
        {
            yield return $"{key}: {N(count)} in rest, {reason.Text()}";
        }
        foreach (var (field, count) in one.Dangling)
        {
            yield return $"{field}: {N(count)} lead to a row that is not there";
        }
        foreach (var (what, count) in one.Marked)
        {
            yield return $"{what}: {N(count)} marked as duplicates of another row's";
        }
        if (one.LegacyRights > 0)
        {
            yield return $"rights of {N(one.LegacyRights)} rows come from _acl, because _rperm and _wperm are missing";
        }
        if (one.WithoutTimes > 0)
        {
            yield return $"{N(one.WithoutTimes)} rows have no times: 1970, or the time in their ObjectId";
        }
        if (one.DuplicateKeys > 0)
        {
            yield return $"{N(one.DuplicateKeys)} keys stood twice in one document: the last value counts";
        }
        if (one.Plan.Inferred.Count > 0)
        {
            yield return $"types inferred: {string.Join(", ", one.Plan.Fields.Where(f => one.Plan.Inferred.Contains(f.Name)).Select(f => $"{f.Name} {f.Kind}{(f.Target is null ? "" : $"<{f.Target}>")}"))}";
        }
        foreach (var note in one.Notes)
        {
            yield return note;
        }
    }

    private static string Fit(string name, int width) => name.Length > width ? name[..(width - 1)] + "…" : name.PadRight(width);

    private static string State(ClassState state) => state switch
    {
        ClassState.LeftAlone => "LEFT ALONE",
        ClassState.Damaged => "DAMAGED",
        _ => "FAILED",
    };

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
