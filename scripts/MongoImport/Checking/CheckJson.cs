using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Checking;

/// <summary>The report of a check for programs. Names are stable; what is absent did not occur.</summary>
internal static class CheckJson
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(CheckReport report, Stream to) => JsonSerializer.Serialize(to, Of(report), Indented);

    private static object Of(CheckReport report) => new
    {
        report.Source,
        report.Server,
        report.Seconds,
        report.Bytes,
        report.Documents,
        report.ExitCode,
        Estimate = new { report.Estimate.Seconds, report.Estimate.Bytes },
        report.Files,
        Findings = report.Findings.Select(f => new
        {
            Weight = f.Weight.ToString().ToLowerInvariant(),
            f.Kind,
            f.Class,
            f.Field,
            f.Count,
            f.Text,
            f.Examples,
            f.Accepted,
        }),
        Classes = report.Classes.OrderBy(c => c.Name, StringComparer.Ordinal).ToDictionary(c => c.Name, c => new
        {
            c.Documents,
            Table = "app." + c.Table.Relation,
            Existing = c.Table.Existing is not null,
            Declared = c.Plan.IsDeclared,
            Undecodable = c.UndecodableCount,
            c.RowBytes,
            Fields = c.Table.Fields.Select(f => new
            {
                f.Name,
                Type = ColumnText.TypeName(f),
                Becomes = ColumnText.Becomes(f),
                Inferred = c.Plan.Inferred.Contains(f.Name),
                Types = Types(c, c.Plan.SourcesOf(f.Name, f.Kind)),
                InRest = InRest(c, key => Findings.FieldOf(c, key)?.Name == f.Name),
            }),
            OtherKeys = Types(c, c.Types.Keys.Except(c.Table.Fields.SelectMany(f => c.Plan.SourcesOf(f.Name, f.Kind)))),
            OtherInRest = InRest(c, key => Findings.FieldOf(c, key) is null),
            Relations = c.Joins.ToDictionary(j => j.Key, j => new { j.Value.Rows, j.Value.Incomplete, j.Value.Undecodable }),
        }),
    };

    private static IEnumerable<object> Types(ClassCheck check, IEnumerable<string> keys) => keys.Where(check.Types.ContainsKey)
        .SelectMany(key => check.Types[key].All.Select(t => new { Key = key, t.Type, t.Tally.Count, t.Tally.Examples }));

    private static IEnumerable<object> InRest(ClassCheck check, Func<string, bool> isWanted) => check.InRest.Where(r => isWanted(r.Key.Key))
        .OrderBy(r => r.Key.Key, StringComparer.Ordinal).ThenBy(r => r.Key.Reason)
        .Select(r => new { r.Key.Key, Reason = r.Key.Reason.Text(), r.Value.Count, r.Value.Examples });
}
