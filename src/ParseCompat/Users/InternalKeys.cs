using System.Collections.Frozen;
using System.Text.Json;
using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>Keys of a user that only the maintenance key sees and writes (contract 2.5, 6.2). Hashes are not among them.</summary>
internal static class InternalKeys
{
    private const string VerifyToken = "_email_verify_token";
    private const string VerifyTokenExpiresAt = "_email_verify_token_expires_at";
    private const string ResetToken = "_perishable_token";
    private const string ResetTokenExpiresAt = "_perishable_token_expires_at";
    private const string FailedLoginCount = "_failed_login_count";
    private const string LockoutExpiresAt = "_account_lockout_expires_at";

    /// <summary>Those that can be written.</summary>
    public static FrozenSet<string> Writable { get; } =
        FrozenSet.Create(StringComparer.Ordinal, VerifyToken, VerifyTokenExpiresAt, ResetToken, ResetTokenExpiresAt, FailedLoginCount, LockoutExpiresAt);

    /// <summary>Writes those that have a value.</summary>
    public static void Write(Utf8JsonWriter writer, AccountInternals? user)
    {
        if (user is null)
            return;
        WriteText(writer, VerifyToken, user.VerifyToken);
        WriteDate(writer, VerifyTokenExpiresAt, user.VerifyTokenExpiresAt);
        WriteText(writer, ResetToken, user.ResetToken);
        WriteDate(writer, ResetTokenExpiresAt, user.ResetTokenExpiresAt);
        WriteDate(writer, LockoutExpiresAt, user.LockoutExpiresAt);
        writer.WriteNumber(FailedLoginCount, user.FailedLoginCount);
    }

    /// <summary>Reads what a body says of them; null: nothing.</summary>
    /// <exception cref="ParseError">111: not the type that the key has.</exception>
    public static AccountInternalChanges? Read(List<KeyValuePair<string, JsonElement>> given)
    {
        if (given.Count == 0)
            return null;
        var changes = new AccountInternalChanges();
        foreach (var (key, json) in given)
        {
            changes = key switch
            {
                VerifyToken => changes with { VerifyToken = Text(key, json) },
                VerifyTokenExpiresAt => changes with { VerifyTokenExpiresAt = Date(key, json) },
                ResetToken => changes with { ResetToken = Text(key, json) },
                ResetTokenExpiresAt => changes with { ResetTokenExpiresAt = Date(key, json) },
                FailedLoginCount => changes with { FailedLoginCount = Count(key, json) },
                _ => changes with { LockoutExpiresAt = Date(key, json) },
            };
        }

        return changes;
    }

    private static string? Text(string key, JsonElement json) => IsRemoval(json) ? null
        : json.ValueKind == JsonValueKind.String && JsonText.Read(json) is { Length: <= ClassName.MaxNameLength } text && Storage.IsStorable(text, false) ? text
        : throw Mismatch(key, FieldKind.Text);

    private static int Count(string key, JsonElement json) => IsRemoval(json) ? 0
        : json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var count) && count >= 0 ? count
        : throw Mismatch(key, FieldKind.Number);

    /// <summary>A date in the dialect's form, or its ISO text alone, as JSON makes of a date.</summary>
    private static DateTime? Date(string key, JsonElement json)
    {
        if (IsRemoval(json))
            return null;
        var milliseconds = json.ValueKind == JsonValueKind.String ? WireDate.Parse(JsonText.Read(json))
            : ValueReader.Read(json) is { Kind: FieldKind.Timestamp, Value: var value } ? value.AsMilliseconds : null;
        return milliseconds is { } instant && instant >= Storage.MinMilliseconds && instant <= Storage.MaxMilliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(instant).UtcDateTime
            : throw Mismatch(key, FieldKind.Timestamp);
    }

    private static bool IsRemoval(JsonElement json) => json.ValueKind == JsonValueKind.Null
        || (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("__op", out var op) && op.ValueKind == JsonValueKind.String && op.ValueEquals("Delete"));

    private static ParseError Mismatch(string key, FieldKind kind) =>
        new(ErrorCode.IncorrectType, $"schema mismatch for {ClassName.User}.{key}; expected {ErrorMapping.TypeName(kind, null)}");

    private static void WriteText(Utf8JsonWriter writer, string key, string? text)
    {
        if (text is not null)
            writer.WriteString(key, text);
    }

    private static void WriteDate(Utf8JsonWriter writer, string key, DateTime? time)
    {
        if (time is not { } utc)
            return;
        writer.WritePropertyName(key);
        ValueWriter.WriteDate(writer, utc);
    }
}
