using System.Collections.Frozen;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>The columns that system classes have before anybody added one (contract 6.2).</summary>
internal static class SystemColumns
{
    private static readonly FrozenDictionary<string, FieldSpec[]> ByClass = new Dictionary<string, FieldSpec[]>(StringComparer.Ordinal)
    {
        [ClassName.User] = [Text("username"), Text("password"), Text("email"), new("emailVerified", FieldKind.Boolean), new("authData", FieldKind.Object)],
        [ClassName.Installation] =
        [
            Text("installationId"), Text("deviceToken"), new("channels", FieldKind.Array), Text("deviceType"), Text("pushType"), Text("GCMSenderId"),
            Text("timeZone"), Text("localeIdentifier"), Text("appVersion"), Text("appName"), Text("appIdentifier"), Text("parseVersion"),
            new("badge", FieldKind.Number),
        ],
        [ClassName.Role] =
        [
            Text("name"), new("users", FieldKind.Relation, ClassName.User), new("roles", FieldKind.Relation, ClassName.Role),
        ],
        [ClassName.Session] =
        [
            new("user", FieldKind.Reference, ClassName.User), Text("installationId"), Text("sessionToken"), new("expiresAt", FieldKind.Timestamp),
            new("createdWith", FieldKind.Object),
        ],
        [ClassName.Product] =
        [
            Text("productIdentifier"), new("download", FieldKind.File), Text("downloadName"), new("icon", FieldKind.File),
            new("order", FieldKind.Number), Text("title"), Text("subtitle"),
        ],
        [ClassName.PushStatus] =
        [
            Text("pushTime"), Text("source"), Text("query"), Text("payload"), Text("title"), new("expiry", FieldKind.Number),
            new("expiration_interval", FieldKind.Number), Text("status"), new("numSent", FieldKind.Number), new("numFailed", FieldKind.Number),
            Text("pushHash"), new("errorMessage", FieldKind.Object), new("sentPerType", FieldKind.Object), new("failedPerType", FieldKind.Object),
            new("sentPerUTCOffset", FieldKind.Object), new("failedPerUTCOffset", FieldKind.Object), new("count", FieldKind.Number),
        ],
        [ClassName.JobStatus] =
        [
            Text("jobName"), Text("source"), Text("status"), Text("message"), new("params", FieldKind.Object), new("finishedAt", FieldKind.Timestamp),
        ],
        [ClassName.JobSchedule] =
        [
            Text("jobName"), Text("description"), Text("params"), Text("startAfter"), new("daysOfWeek", FieldKind.Array), Text("timeOfDay"),
            new("lastRun", FieldKind.Number), new("repeatMinutes", FieldKind.Number),
        ],
        [ClassName.Audience] = [Text("name"), Text("query"), new("lastUsed", FieldKind.Timestamp), new("timesUsed", FieldKind.Number)],
        [ClassName.Idempotency] = [Text("reqId"), new("expire", FieldKind.Timestamp)],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The columns of a class besides those of every class; empty for an ordinary one.</summary>
    public static IReadOnlyList<FieldSpec> Of(string className) => ByClass.TryGetValue(className, out var columns) ? columns : [];

    /// <summary>Whether every class has the column.</summary>
    public static bool IsImplicit(string name) => name is "objectId" or "createdAt" or "updatedAt" or "ACL";

    /// <summary>Whether the column comes with the class and can neither be added nor dropped.</summary>
    public static bool IsDefault(string className, string name) => IsImplicit(name) || Of(className).Any(c => c.Name == name);

    private static FieldSpec Text(string name) => new(name, FieldKind.Text);
}
