using System.Text.Json.Nodes;

namespace Backend.Conformance;

/// <summary>parse-server's option names and what they mean for us (its README and contract appendix B).</summary>
internal static class OptionMap
{
    /// <summary>
    /// Options that no client can see the effect of: how parse-server stores, caches, logs and listens; which of its adapters it uses; and
    /// <c>customIdSize</c>, which a test sets although no version knows it.
    /// </summary>
    private static readonly HashSet<string> WithoutEffect = new(StringComparer.Ordinal)
    {
        "cacheMaxSize", "cacheTTL", "cluster", "collectionPrefix", "customIdSize", "databaseURI", "directAccess", "enableExpressErrorHandler",
        "encodeParseObjectInCloudFunction", "encryptionKey", "host", "jsonLogs", "logLevel", "logLevels", "logsFolder", "maxLogFiles", "mountPath", "port",
        "serverURL", "silent", "startLiveQueryServer", "verbose",
    };

    /// <summary>Options of parts that are not built, which a test's own assertions miss where they matter.</summary>
    private static readonly HashSet<string> Ahead = new(StringComparer.Ordinal) { "liveQuery" };

    /// <summary>Without these parse-server does not start; for us the master key is one that there need not be.</summary>
    private static readonly Dictionary<string, string> Required = new(StringComparer.Ordinal)
    {
        ["appId"] = "You must provide an appId!",
        ["masterKey"] = "You must provide a masterKey!",
        ["serverURL"] = "You must provide a serverURL!",
    };

    private static readonly Dictionary<string, Option> Known = new(StringComparer.Ordinal)
    {
        ["appId"] = Option.Words("ParseCompat:ApplicationId"),
        ["appName"] = Option.Words("Mail:AppName", "An app name is required for e-mail verification and password resets."),
        ["masterKey"] = Option.Words("ParseCompat:MasterKey"),
        ["masterKeyIps"] = Option.List("ParseCompat:MasterKeyIps", message => BadAddress("masterKeyIps", message)),
        ["maintenanceKey"] = Option.Words("ParseCompat:MaintenanceKey", "masterKey and maintenanceKey should be different"),
        ["maintenanceKeyIps"] = Option.List("ParseCompat:MaintenanceKeyIps", message => BadAddress("maintenanceKeyIps", message)),
        ["readOnlyMasterKey"] = Option.Words("ParseCompat:ReadOnlyMasterKey", "masterKey and readOnlyMasterKey should be different"),
        ["javascriptKey"] = Option.Words("ParseCompat:JavaScriptKey"),
        ["restAPIKey"] = Option.Words("ParseCompat:RestApiKey"),
        ["clientKey"] = Option.Words("ParseCompat:ClientKey"),
        ["dotNetKey"] = Option.Words("ParseCompat:DotNetKey"),
        ["webhookKey"] = Option.Words("ParseCompat:WebhookKey"),
        ["fileUpload"] = new Option(["ParseCompat:FileUpload"], (settings, value) => Option.Flatten(settings, "ParseCompat:FileUpload", value)),
        ["preserveFileName"] = Flag("preserveFileName", "ParseCompat:PreserveFileName"),
        ["fileKey"] = Option.Words("ParseCompat:FileKey"),
        ["publicServerURL"] = Option.Words("ParseCompat:PublicServerUrl", "publicServerURL should be a valid HTTPS URL starting with https://"),
        ["allowClientClassCreation"] = Flag("allowClientClassCreation", "ParseCompat:AllowClientClassCreation"),
        ["allowCustomObjectId"] = Flag("allowCustomObjectId", "ParseCompat:AllowCustomObjectId"),
        ["allowHeaders"] = Option.List("ParseCompat:AllowHeaders", message =>
            message.Contains("empty", StringComparison.Ordinal) ? "Allow headers must not contain empty strings" : "Allow headers must be an array"),
        ["allowOrigin"] = new Option(["ParseCompat:AllowOrigin"], (settings, value) =>
            Option.Flatten(settings, "ParseCompat:AllowOrigin", value is null or JsonArray ? value : new JsonArray(value.DeepClone()))),
        ["defaultLimit"] = Option.Number("ParseCompat:DefaultLimit", message =>
            IsConversion(message) ? "Default limit must be a number." : "Default limit must be a value greater than 0."),
        ["maxLimit"] = Option.Number("ParseCompat:MaxLimit", _ => "Max limit must be a value greater than 0."),
        ["maxUploadSize"] = new Option(["ParseCompat:MaxBodyBytes", "Network:MaxBodyBytes", "Files:MaxBytes"], PutSize),
        ["enableAnonymousUsers"] = Flag("enableAnonymousUsers", "ParseCompat:EnableAnonymousUsers"),
        ["allowExpiredAuthDataToken"] = Flag("allowExpiredAuthDataToken", "ParseCompat:AllowExpiredAuthDataToken"),
        ["enforcePrivateUsers"] = Flag("enforcePrivateUsers", "Accounts:PrivateUsers"),
        ["protectedFields"] = new Option(["Access:ProtectedFields"], (settings, value) =>
            Option.Flatten(settings, "Access:ProtectedFields", WithTableNames(value), asNamed: true)),
        ["protectedFieldsOwnerExempt"] = Flag("protectedFieldsOwnerExempt", "Access:ProtectedFieldsOwnerExempt"),
        ["protectedFieldsSaveResponseExempt"] = Flag("protectedFieldsSaveResponseExempt", "ParseCompat:ProtectedFieldsSaveResponseExempt"),
        ["schema"] = new Option(["ParseCompat:SchemaFile"], (settings, value) =>
        {
            if (value is null)
                return;
            var file = Path.Combine(Path.GetTempPath(), $"conformance-schema-{Environment.ProcessId}.json");
            File.WriteAllText(file, value.ToJsonString());
            settings["ParseCompat:SchemaFile"] = file;
        }),
        ["userSensitiveFields"] = new Option([], (settings, value) =>
        {
            // Besides those of protectedFields, under numbers of their own.
            for (var i = 0; i < (value as JsonArray)?.Count; i++)
                settings[$"Access:ProtectedFields:users:*:{1000 + i}"] = (string?)value[i];
        }),
        ["revokeSessionOnPasswordReset"] = Option.Flag("revokeSessionOnPasswordReset must be a boolean value", "Accounts:RevokeSessionsOnPasswordReset"),
        ["sessionLength"] = new Option(["Accounts:SessionLength"], PutSessionLength,
            message => IsConversion(message) ? "Session length must be a valid number." : "Session length must be a value greater than 0."),
        ["expireInactiveSessions"] = new Option([], (settings, value) =>
        {
            if (value is JsonValue flag && flag.TryGetValue<bool>(out var expire) && !expire)
                settings["Accounts:SessionLength"] = "00:00:00";
        }),
        ["objectIdSize"] = Option.Number("Rows:IdLength"),
        ["convertEmailToLowercase"] = Flag("convertEmailToLowercase", "Accounts:LowercaseEmails"),
        ["convertUsernameToLowercase"] = Flag("convertUsernameToLowercase", "Accounts:LowercaseUsernames"),
        ["passwordPolicy"] = new Option(["Passwords", "Accounts:ResetTokenLength", "Accounts:ReuseResetToken", "ParseCompat:ResetPasswordSuccessOnInvalidEmail"],
            PasswordPolicy.Put, PasswordPolicy.Refusal),
        ["accountLockout"] = new Option(["Accounts:LockoutThreshold", "Accounts:LockoutLength", "Accounts:UnlockOnPasswordReset"], PutLockout, LockoutRefusal),
        ["requestKeywordDenylist"] = new Option(["ParseCompat:KeywordDenylist"], PutKeywords, _ => "Parse Server option requestKeywordDenylist must be an array."),
        ["routeAllowList"] = new Option(["ParseCompat:RouteAllowList"], (settings, value) => PutList(settings, "ParseCompat:RouteAllowList", value)),
        ["rateLimit"] = new Option(["ParseCompat:RateLimits"], PutRateLimits, RateLimitRefusal),
        ["idempotencyOptions"] = new Option(["ParseCompat:Idempotency"], (settings, value) =>
        {
            PutList(settings, "ParseCompat:Idempotency:Paths", (value as JsonObject)?["paths"]);
            Option.PutDuration(settings, "ParseCompat:Idempotency:Ttl", (value as JsonObject)?["ttl"], TimeSpan.FromSeconds(1));
        }, message => message.Contains("Paths", StringComparison.Ordinal) ? "idempotency paths must be of an array of strings"
            : IsConversion(message) ? "idempotency TTL value must be a number" : "idempotency TTL value must be greater than 0 seconds"),
        ["databaseOptions"] = new Option(["Database:StatementTimeout"], (settings, value) =>
        {
            if (value is JsonObject database)
                Option.PutDuration(settings, "Database:StatementTimeout", database["maxTimeMS"], TimeSpan.FromMilliseconds(1));
            else
                settings["Database:StatementTimeout"] = value is null ? null : "not an object";
        }, _ => "databaseOptions must be an object"),
        ["requestComplexity"] = new Option(["ParseCompat:RequestComplexity"], (settings, value) => Option.Flatten(settings, "ParseCompat:RequestComplexity", value)),
        ["security"] = new Option(["ParseCompat:Security"], (settings, value) =>
        {
            if (value is not JsonObject security)
                settings["ParseCompat:Security:EnableCheck"] = value?.ToJsonString() is "true" ? "not an object" : value?.ToJsonString();
            else
                PutFlags(settings, "ParseCompat:Security", security);
        }),
        ["verifyUserEmails"] = Option.Flag("verifyUserEmails must be a boolean value", "Accounts:VerifyEmails"),
        ["preventLoginWithUnverifiedEmail"] = Option.Flag("preventLoginWithUnverifiedEmail must be a boolean value", "Accounts:RequireVerifiedEmail"),
        ["preventSignupWithUnverifiedEmail"] = Option.Flag("preventSignupWithUnverifiedEmail must be a boolean value", "ParseCompat:PreventSignupWithUnverifiedEmail"),
        ["emailVerifyTokenReuseIfValid"] = Option.Flag("emailVerifyTokenReuseIfValid must be a boolean value", "Accounts:ReuseVerifyToken"),
        ["emailVerifySuccessOnInvalidEmail"] = Option.Flag("emailVerifySuccessOnInvalidEmail must be a boolean value", "ParseCompat:EmailVerifySuccessOnInvalidEmail"),
        ["emailVerifyTokenValidityDuration"] = new Option(["Accounts:VerifyTokenLength"],
            (settings, value) => Option.PutDuration(settings, "Accounts:VerifyTokenLength", value, TimeSpan.FromSeconds(1))),
        ["extendSessionOnUse"] = Option.Flag("extendSessionOnUse must be a boolean value", "Accounts:ExtendSessionsOnUse"),
        ["emailAdapter"] = new Option(["Mail:Host", "Mail:From"], (settings, value) =>
        {
            if (value is JsonObject)
                (settings["Mail:Host"], settings["Mail:From"]) = ("conformance", "app@example.com");
        }), // MockMail
        ["auth"] = new Option([], (_, _) => { }), // MockProviders
    };

    /// <summary>The settings for what is asked, on top of those given.</summary>
    /// <returns>Null; or why parse-server, or the lack of a setting, refuses it.</returns>
    public static string? Apply(Options asked, Dictionary<string, string?> settings)
    {
        var missing = asked.Unset.FirstOrDefault(Required.ContainsKey);
        if (missing is not null)
            return Required[missing];
        var names = asked.Set.Select(o => o.Key).Concat(asked.Unset).Where(name => !IsIgnored(name)).ToList();
        if (names.FirstOrDefault(name => !Known.ContainsKey(name)) is { } unknown)
            return $"There is no setting for the option {unknown}.";
        foreach (var key in names.SelectMany(name => Known[name].Settings))
        {
            foreach (var old in settings.Keys.Where(k => k.Equals(key, StringComparison.OrdinalIgnoreCase) || k.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase)).ToList())
                settings.Remove(old);
        }

        // A session that does not expire has no length, whatever sessionLength says.
        foreach (var (name, value) in asked.Set.OrderBy(o => o.Key == "expireInactiveSessions"))
        {
            if (!IsIgnored(name))
                Known[name].Put(settings, value);
        }

        return null;
    }

    /// <summary>What parse-server throws at a start-up that our settings' checks refused: for a key an error with a sentence, else the sentence itself.</summary>
    public static object Refusal(Options asked, string message)
    {
        foreach (var (name, _) in asked.Set)
        {
            if (Known.TryGetValue(name, out var option) && option.Settings.Any(s => message.Contains(s, StringComparison.OrdinalIgnoreCase)) && option.Refusal?.Invoke(message) is { } sentence)
                return name.EndsWith("Key", StringComparison.Ordinal) ? new { message = sentence } : sentence;
        }

        return message;
    }

    private static bool IsIgnored(string name) => WithoutEffect.Contains(name) || Ahead.Contains(name);

    private static Option Flag(string name, params string[] keys) => Option.Flag($"Parse Server option {name} must be a boolean.", keys);

    private static bool IsConversion(string message) => message.Contains("convert", StringComparison.OrdinalIgnoreCase);

    private static string? BadAddress(string option, string message) =>
        message.Split('\'') is [_, var address, ..] ? $"The Parse Server option \"{option}\" contains an invalid IP address \"{address}\"." : null;

    /// <summary>System classes under the names of their tables.</summary>
    private static JsonNode? WithTableNames(JsonNode? value) => value is not JsonObject classes ? value : new JsonObject(classes.Select(c => KeyValuePair.Create(
        c.Key switch { "_User" => "users", "_Role" => "roles", "_Session" => "sessions", "_Installation" => "installations", var other => other }, c.Value?.DeepClone())));

    /// <summary>parse-server's length starts above 0; with us 0 stands for "for ever".</summary>
    private static void PutSessionLength(Dictionary<string, string?> settings, JsonNode? value)
    {
        Option.PutDuration(settings, "Accounts:SessionLength", value, TimeSpan.FromSeconds(1));
        if (settings.GetValueOrDefault("Accounts:SessionLength") == TimeSpan.Zero.ToString())
            settings["Accounts:SessionLength"] = TimeSpan.FromSeconds(-1).ToString();
    }

    /// <summary>A size as the Express body parser reads it: <c>20mb</c>.</summary>
    private static void PutSize(Dictionary<string, string?> settings, JsonNode? value)
    {
        if (value is null)
            return;
        var text = Option.Text(value).ToLowerInvariant();
        var unit = text.EndsWith("mb", StringComparison.Ordinal) ? 1 << 20 : text.EndsWith("kb", StringComparison.Ordinal) ? 1 << 10 : 1;
        var bytes = double.TryParse(text.TrimEnd('b', 'k', 'm'), out var number) ? (number * unit).ToString("0", null) : text;
        settings["ParseCompat:MaxBodyBytes"] = settings["Network:MaxBodyBytes"] = settings["Files:MaxBytes"] = bytes;
    }

    private static void PutLockout(Dictionary<string, string?> settings, JsonNode? value)
    {
        if (value is not JsonObject policy)
            return;
        settings["Accounts:LockoutThreshold"] = policy["threshold"] is { } threshold ? Option.Text(threshold) : "missing";
        if (policy["duration"] is { } duration)
            Option.PutDuration(settings, "Accounts:LockoutLength", duration, TimeSpan.FromMinutes(1));
        else
            settings["Accounts:LockoutLength"] = "missing";
        // parse-server's threshold starts at 1; with us 0 stands for none.
        if (settings["Accounts:LockoutThreshold"] == "0")
            settings["Accounts:LockoutThreshold"] = "-1";
        settings["Accounts:UnlockOnPasswordReset"] = policy["unlockOnPasswordReset"]?.ToJsonString() ?? "false";
    }

    /// <summary>A list; an empty one is not the same as none.</summary>
    private static void PutList(Dictionary<string, string?> settings, string key, JsonNode? value)
    {
        if (value is JsonArray { Count: 0 })
            settings[key] = "";
        else
            Option.Flatten(settings, key, value);
    }

    private static void PutFlags(Dictionary<string, string?> settings, string key, JsonObject flags)
    {
        foreach (var (name, flag) in flags)
            settings[$"{key}:{char.ToUpperInvariant(name[0])}{name[1..]}"] = flag?.ToJsonString();
    }

    /// <summary>Keywords are objects; parse-server's tests also have a bare text, which it takes for one that matches any key.</summary>
    private static void PutKeywords(Dictionary<string, string?> settings, JsonNode? value)
    {
        PutList(settings, "ParseCompat:KeywordDenylist", value);
    }

    /// <summary>One limit or a list of them; its window is in milliseconds.</summary>
    private static void PutRateLimits(Dictionary<string, string?> settings, JsonNode? value)
    {
        if (value is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
                PutRateLimit(settings, $"ParseCompat:RateLimits:{i}", list[i]);
        }
        else if (value is JsonObject)
        {
            PutRateLimit(settings, "ParseCompat:RateLimits:0", value);
        }
        else if (value is not null)
        {
            settings["ParseCompat:RateLimits"] = Option.Text(value);
        }
    }

    private static void PutRateLimit(Dictionary<string, string?> settings, string key, JsonNode? value)
    {
        if (value is not JsonObject limit)
        {
            settings[key] = value is null ? "null" : Option.Text(value);
            return;
        }

        foreach (var (name, setting) in limit)
        {
            var inner = $"{key}:{char.ToUpperInvariant(name[0])}{name[1..]}";
            if (name == "requestTimeWindow")
                Option.PutDuration(settings, inner, setting, TimeSpan.FromMilliseconds(1));
            else if (name == "requestMethods" && setting is JsonValue)
                settings[inner + ":0"] = Option.Text(setting);
            else
                Option.Flatten(settings, inner, setting);
        }
    }

    private static string? RateLimitRefusal(string message)
    {
        var name = message.Split(' ').FirstOrDefault(word => word.Contains("RateLimits:", StringComparison.Ordinal))?.Trim('\'', '.', ',').Split(':')[^1] ?? "";
        name = name.Length == 0 ? name : char.ToLowerInvariant(name[0]) + name[1..];
        if (message.Contains("is not a setting", StringComparison.Ordinal))
            return $"Invalid rate limit option \"{name}\"";
        if (message.Contains("is a list", StringComparison.Ordinal))
            return "rateLimit must be an array or object";
        if (message.Contains("is an object", StringComparison.Ordinal))
            return "rateLimit must be an array of objects";
        if (name == "zone")
            return "rateLimit.zone must be one of global, session, user, or ip";
        if (message.Contains("is missing", StringComparison.Ordinal))
            return $"rateLimit.{name} must be defined";
        return $"rateLimit.{name} must be a {(name is "requestTimeWindow" or "requestCount" ? "number" : name is "requestPath" or "errorResponseMessage" ? "string" : "boolean")}";
    }

    private static string LockoutRefusal(string message) =>
        message.Contains("LockoutLength", StringComparison.Ordinal) ? "Account lockout duration should be greater than 0 and less than 100000"
        : message.Contains("LockoutThreshold", StringComparison.Ordinal) ? "Account lockout threshold should be an integer greater than 0 and less than 1000"
        : "Parse Server option accountLockout.unlockOnPasswordReset must be a boolean.";
}
