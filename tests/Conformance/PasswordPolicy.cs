using System.Text.Json.Nodes;

namespace Backend.Conformance;

/// <summary>parse-server's <c>passwordPolicy</c> as settings of ours. Its callback has none.</summary>
internal static class PasswordPolicy
{
    public static void Put(Dictionary<string, string?> settings, JsonNode? value)
    {
        settings["Accounts:ResetTokenLength"] = "00:00:00"; // theirs is for ever
        if (value is not JsonObject policy)
            return;
        foreach (var (name, given) in policy)
        {
            if (given is null)
                continue;
            switch (name)
            {
                case "validatorPattern":
                    settings["Passwords:Pattern"] = given is JsonObject pattern ? (string?)pattern["__regexp"] : given is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : "(";
                    break;
                case "validationError": settings["Passwords:PatternMessage"] = Option.Text(given); break;
                case "doNotAllowUsername": settings["Passwords:ForbidUsername"] = given.ToJsonString(); break;
                case "maxPasswordAge": Option.PutDuration(settings, "Passwords:MaxAge", given, TimeSpan.FromDays(1)); break;
                case "maxPasswordHistory": settings["Passwords:History"] = given.ToJsonString(); break;
                case "resetTokenValidityDuration":
                    Option.PutDuration(settings, "Accounts:ResetTokenLength", given, TimeSpan.FromSeconds(1));
                    // With us zero is for ever; there it is refused.
                    if (settings["Accounts:ResetTokenLength"] == TimeSpan.Zero.ToString())
                        settings["Accounts:ResetTokenLength"] = "-00:00:01";
                    break;
                case "resetTokenReuseIfValid": settings["Accounts:ReuseResetToken"] = given.ToJsonString(); break;
                case "resetPasswordSuccessOnInvalidEmail": settings["ParseCompat:ResetPasswordSuccessOnInvalidEmail"] = given.ToJsonString(); break;
            }
        }
    }

    public static string? Refusal(string message)
    {
        bool Names(string setting) => message.Contains(setting, StringComparison.Ordinal);
        return Names("Passwords:Pattern") ? "passwordPolicy.validatorPattern must be a regex string or RegExp object."
            : Names("Passwords:ForbidUsername") ? "passwordPolicy.doNotAllowUsername must be a boolean value."
            : Names("Passwords:MaxAge") ? "passwordPolicy.maxPasswordAge must be a positive number"
            : Names("Passwords:History") ? "passwordPolicy.maxPasswordHistory must be an integer ranging 0 - 20"
            : Names("ReuseResetToken needs") ? "You cannot use resetTokenReuseIfValid without resetTokenValidityDuration"
            : Names("Accounts:ReuseResetToken") ? "resetTokenReuseIfValid must be a boolean value"
            : Names("Accounts:ResetTokenLength") ? "passwordPolicy.resetTokenValidityDuration must be a positive number"
            : Names("ResetPasswordSuccessOnInvalidEmail") ? "resetPasswordSuccessOnInvalidEmail must be a boolean value"
            : null;
    }
}
