using System.Text.Encodings.Web;
using System.Text.Json;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Reporting;

/// <summary>The report for programs. Names are stable; what is absent did not occur.</summary>
internal static class ReportJson
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(ImportReport report, Stream to) => JsonSerializer.Serialize(to, Of(report), Indented);

    private static object Of(ImportReport report) => new
    {
        report.Source,
        report.Seconds,
        ImportReport.PeakMemory,
        ImportReport.ProcessorSeconds,
        report.Read,
        report.Rejected,
        report.RejectFile,
        report.ExitCode,
        Classes = report.Classes.ToDictionary(c => c.Name, c => new
        {
            State = char.ToLowerInvariant(c.State.ToString()[0]) + c.State.ToString()[1..],
            c.Message,
            c.Table,
            c.Read,
            c.Imported,
            c.Rejected,
            c.Duplicates,
            InRest = c.InRest.OrderBy(r => r.Key.Key, StringComparer.Ordinal).Select(r => new { Field = r.Key.Key, Reason = r.Key.Reason.Text(), Count = r.Value }),
            c.Dangling,
            c.Marked,
            c.Identities,
            c.LegacyRights,
            c.WithoutTimes,
            c.DuplicateKeys,
            Inferred = c.Plan.Inferred.Order(StringComparer.Ordinal),
            Relations = c.Joins.ToDictionary(j => j.Key, j => new { j.Value.Read, j.Value.Imported, j.Value.Rejected, j.Value.Duplicates, j.Value.Incomplete, j.Value.Dangling }),
            c.Notes,
        }),
        report.Files,
        Ignored = report.Ignored.Select(i => new { i.Name, i.Documents, i.Reason }),
        Skipped = report.Skipped.Select(s => new { Class = s.ClassName, s.Field, s.Values }),
        report.Notes,
    };
}
