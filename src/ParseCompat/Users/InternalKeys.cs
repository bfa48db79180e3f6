using System.Text.Json;
using Backend.Data.Accounts;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>Keys of a user that only the maintenance key sees (contract 6.2).</summary>
internal static class InternalKeys
{
    /// <summary>Writes those that have a value.</summary>
    public static void Write(Utf8JsonWriter writer, AccountInternals? user)
    {
        if (user is null)
            return;
        WriteText(writer, "_email_verify_token", user.VerifyToken);
        WriteDate(writer, "_email_verify_token_expires_at", user.VerifyTokenExpiresAt);
        WriteText(writer, "_perishable_token", user.ResetToken);
        WriteDate(writer, "_account_lockout_expires_at", user.LockoutExpiresAt);
        if (user.FailedLoginCount > 0)
            writer.WriteNumber("_failed_login_count", user.FailedLoginCount);
    }

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
