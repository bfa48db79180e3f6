using System.Globalization;
using System.Text.Json;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Verifying;

/// <summary>What a comparison of a source with its rows has found.</summary>
internal sealed class VerifyReport(string source)
{
    private const int Shown = 5;

    public string Source { get; } = source;

    public List<ClassVerification> Classes { get; } = [];

    /// <summary>Collections that nobody imports.</summary>
    public List<IgnoredCollection> Ignored { get; } = [];

    /// <summary>Why the files of the source were not compared; null: they were, or there are none.</summary>
    public string? FilesLeft { get; set; }

    /// <summary>Every class was asked for, and compared to its end.</summary>
    public bool IsComplete { get; set; }

    public double Seconds { get; set; }

    public long Unexplained => Classes.Sum(c => c.Unexplained);

    public bool Failed => Classes.Exists(c => c.Failure is not null);

    public int ExitCode => Failed ? Command.Failed : Unexplained > 0 ? Command.LookAtIt : Command.Done;

    /// <summary>The classes as a JSON object by name: what the catalog remembers.</summary>
    public string ClassesJson()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            WriteClasses(writer);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(json.ToArray());
    }

    /// <summary>The whole report as JSON.</summary>
    public void WriteJson(Stream to)
    {
        using var writer = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteString("source", Source);
        writer.WriteBoolean("complete", IsComplete);
        writer.WriteNumber("seconds", Math.Round(Seconds, 3));
        writer.WriteNumber("unexplained", Unexplained);
        writer.WriteStartObject("classes");
        WriteClasses(writer);
        writer.WriteEndObject();
        if (FilesLeft is not null)
        {
            writer.WriteString("filesLeft", FilesLeft);
        }
        writer.WriteStartObject("ignored");
        foreach (var ignored in Ignored)
        {
            writer.WriteString(ignored.Name, ignored.Reason);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The report for people.</summary>
    public void WriteText(TextWriter to)
    {
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"class",-32} {"documents",11} {"rows",11} {"equal",11} {"links",9} {"explained",10} {"unexplained",12}  hash of the rows"));
        foreach (var one in Classes)
        {
            to.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{one.Name,-32} {one.Rows.Documents,11:N0} {one.TableRows,11:N0} {one.Rows.Equal,11:N0} {one.PairRows,9:N0} {one.Explained,10:N0} {one.Unexplained,12:N0}  {one.Rows.RowHash:x32}"));
            if (one.Failure is not null)
            {
                to.WriteLine($"    not compared: {one.Failure}");
            }
        }
        WriteRules(to);
        foreach (var one in Classes.Where(c => c.Unexplained > 0))
        {
            to.WriteLine();
            to.WriteLine($"{one.Name}: {Number(one.Unexplained)} differences that nothing explains");
            foreach (var difference in one.Differences.Kept.Take(Shown))
            {
                to.WriteLine("    " + Sentence(difference));
            }
            if (one.Unexplained > Shown)
            {
                to.WriteLine($"    … and {Number(one.Unexplained - Shown)} more; --differences FILE lists them all");
            }
        }
        to.WriteLine();
        var documents = Classes.Sum(c => c.Rows.Documents + c.Pairs);
        to.WriteLine($"{Number(documents)} documents and links in {Seconds.ToString("N1", CultureInfo.InvariantCulture)} s ({Number((long)(documents / Math.Max(Seconds, 0.001)))} a second): "
            + (Failed ? "not everything could be compared." : Unexplained == 0 ? "nothing unexplained." : $"{Number(Unexplained)} differences that nothing explains."));
        if (FilesLeft is { } left)
        {
            to.WriteLine(left);
        }
        if (!IsComplete && !Failed)
        {
            to.WriteLine("Not every class was compared: a cut-over asks for a verify of all.");
        }
    }

    private static string Sentence(Difference d)
    {
        var at = d.Kind == DifferenceKind.Schema ? $"schema, {d.Field}" : d.Field is null ? d.Id : $"{d.Id}, {d.Field}";
        var what = d.Kind switch
        {
            DifferenceKind.NoRow => "has no row",
            DifferenceKind.NoDocument => "is a row, but no document of the source",
            DifferenceKind.NoLink => "is not linked here",
            DifferenceKind.NoPair => "is linked here, and not in the source",
            DifferenceKind.NoClass => "the class is not in this database",
            DifferenceKind.NoFile => $"is not in the file store ({d.Source})",
            _ => $"source {d.Source ?? "(nothing)"}, here {d.Row ?? "(nothing)"}",
        };
        return $"{at}: {what}{(d.WrittenAfterImport ? " (written after the import)" : "")}";
    }

    private void WriteRules(TextWriter to)
    {
        var all = new RuleCounts();
        foreach (var one in Classes)
        {
            all.Add(one.Rules);
        }
        if (!all.Applied.Any() && Ignored.Count == 0)
        {
            return;
        }
        to.WriteLine();
        to.WriteLine("Explained by rules:");
        foreach (var (rule, count) in all.Applied)
        {
            var where = string.Join(", ", Classes.Where(c => c.Rules[rule] > 0).Select(c => $"{c.Name} {Number(c.Rules[rule])}"));
            to.WriteLine($"  {rule.Key()}: {Number(count)}, {rule.Text()} ({where})");
            if (rule == Rule.FileExtra)
            {
                Classes.SelectMany(c => c.Extra).Take(Shown).ToList().ForEach(name => to.WriteLine($"    {name}"));
            }
        }
        foreach (var ignored in Ignored)
        {
            to.WriteLine($"  {Rule.NotImported.Key()}: {ignored.Name}, {ignored.Reason}");
        }
    }

    private void WriteClasses(Utf8JsonWriter writer)
    {
        foreach (var one in Classes)
        {
            writer.WriteStartObject(one.Name);
            writer.WriteNumber("documents", one.Rows.Documents);
            writer.WriteNumber("rows", one.TableRows);
            writer.WriteNumber("equal", one.Rows.Equal);
            writer.WriteNumber("links", one.PairRows);
            writer.WriteNumber("explained", one.Explained);
            writer.WriteNumber("unexplained", one.Unexplained);
            writer.WriteString("hash", one.Rows.RowHash.ToString("x32", CultureInfo.InvariantCulture));
            if (one.Failure is not null)
            {
                writer.WriteString("failure", one.Failure);
            }
            writer.WriteStartObject("rules");
            foreach (var (rule, count) in one.Rules.Applied)
            {
                writer.WriteNumber(rule.Key(), count);
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
