using System.Text.Json;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Reporting;

/// <summary>A class's counts as they are kept in the database, so that the report of a resumed run tells of the whole import.</summary>
internal sealed record ReportState(long Read, long Rejected, long Duplicates, long Identities, long LegacyRights, long WithoutTimes, long DuplicateKeys,
    IReadOnlyList<RestCount> InRest, IReadOnlyDictionary<string, long> Marked, IReadOnlyDictionary<string, long> Dangling, IReadOnlyDictionary<string, JoinState> Joins,
    IReadOnlyList<string> Notes)
{
    public string ToJson() => JsonSerializer.Serialize(this);

    public static ReportState Parse(string json) => JsonSerializer.Deserialize<ReportState>(json) ?? throw new JsonException("null is no report");
}

/// <summary>Values in <c>rest</c> of one key for one reason.</summary>
internal sealed record RestCount(string Key, Reason Reason, long Count);

/// <summary>The counts of a relation.</summary>
internal sealed record JoinState(long Read, long Rejected, long Duplicates, long Incomplete, long Dangling);
