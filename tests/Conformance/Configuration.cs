using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backend.Conformance;

/// <summary>parse-server's options as settings of ours.</summary>
internal static class Configuration
{
    /// <summary>The suite's default configuration (its README: lib/defaults.cjs).</summary>
    private static readonly Dictionary<string, string?> Defaults = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ParseCompat:ApplicationId"] = "test",
        ["ParseCompat:MasterKey"] = "test",
        ["ParseCompat:JavaScriptKey"] = "test",
        ["ParseCompat:RestApiKey"] = "rest",
        ["ParseCompat:ClientKey"] = "client",
        ["ParseCompat:DotNetKey"] = "windows",
        ["ParseCompat:MaintenanceKey"] = "testing",
        ["ParseCompat:ReadOnlyMasterKey"] = "read-only-test",
        ["ParseCompat:WebhookKey"] = "hook",
        ["ParseCompat:FileKey"] = "test",
        ["ParseCompat:PublicServerUrl"] = "http://localhost:8378/1",
        ["ParseCompat:Mounts:0"] = "/1",
        ["ParseCompat:Mounts:1"] = "/parse",
        ["ParseCompat:AllowClientClassCreation"] = "true",
    };

    // parse-server's name -> ours; the values have the same form, but for durations.
    private static readonly Dictionary<string, string[]> Names = new(StringComparer.Ordinal)
    {
        ["appId"] = ["ParseCompat:ApplicationId"],
        ["masterKey"] = ["ParseCompat:MasterKey"],
        ["masterKeyIps"] = ["ParseCompat:MasterKeyIps"],
        ["maintenanceKey"] = ["ParseCompat:MaintenanceKey"],
        ["maintenanceKeyIps"] = ["ParseCompat:MaintenanceKeyIps"],
        ["readOnlyMasterKey"] = ["ParseCompat:ReadOnlyMasterKey"],
        ["javascriptKey"] = ["ParseCompat:JavaScriptKey"],
        ["restAPIKey"] = ["ParseCompat:RestApiKey"],
        ["clientKey"] = ["ParseCompat:ClientKey"],
        ["dotNetKey"] = ["ParseCompat:DotNetKey"],
        ["webhookKey"] = ["ParseCompat:WebhookKey"],
        ["fileKey"] = ["ParseCompat:FileKey"],
        ["serverURL"] = ["ParseCompat:PublicServerUrl"],
        ["publicServerURL"] = ["ParseCompat:PublicServerUrl"],
        ["allowClientClassCreation"] = ["ParseCompat:AllowClientClassCreation"],
        ["allowCustomObjectId"] = ["ParseCompat:AllowCustomObjectId"],
        ["allowHeaders"] = ["ParseCompat:AllowHeaders"],
        ["allowOrigin"] = ["ParseCompat:AllowOrigin"],
        ["defaultLimit"] = ["ParseCompat:DefaultLimit"],
        ["maxLimit"] = ["ParseCompat:MaxLimit"],
        ["enforcePrivateUsers"] = ["ParseCompat:EnforcePrivateUsers", "Accounts:PrivateUsers"],
        ["protectedFields"] = ["Access:ProtectedFields"],
        ["revokeSessionOnPasswordReset"] = ["Accounts:RevokeSessionsOnPasswordReset"],
        ["sessionLength"] = ["Accounts:SessionLength"],
        ["auth"] = [], // MockProviders
    };

    /// <summary>The settings for what is asked; null with the option's name when there is no setting of ours for it.</summary>
    public static Dictionary<string, string?>? For(Options asked, string connectionString, out string? unknown)
    {
        var settings = new Dictionary<string, string?>(Defaults, StringComparer.OrdinalIgnoreCase) { ["ConnectionStrings:Database"] = connectionString };
        unknown = asked.Set.Select(o => o.Key).Concat(asked.Unset).FirstOrDefault(name => !Names.ContainsKey(name));
        if (unknown is not null)
            return null;
        foreach (var name in asked.Set.Select(o => o.Key).Concat(asked.Unset))
        {
            foreach (var key in Names[name])
            {
                foreach (var old in settings.Keys.Where(k => k.Equals(key, StringComparison.OrdinalIgnoreCase) || k.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase)).ToList())
                    settings.Remove(old);
            }
        }

        foreach (var (name, value) in asked.Set)
        {
            foreach (var key in Names[name])
                Flatten(settings, key, name == "protectedFields" ? WithTableNames(value) : name == "sessionLength" && value is not null ? TimeSpan.FromSeconds((double)value).ToString() : value);
        }

        return settings;
    }

    /// <summary>System classes under the names of their tables.</summary>
    private static JsonNode? WithTableNames(JsonNode? value) => value is not JsonObject classes ? value : new JsonObject(classes.Select(c => KeyValuePair.Create(
        c.Key switch { "_User" => "users", "_Role" => "roles", "_Session" => "sessions", "_Installation" => "installations", var other => other }, c.Value?.DeepClone())));

    private static void Flatten(Dictionary<string, string?> settings, string key, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, inner) in map)
                    Flatten(settings, $"{key}:{name}", inner);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                    Flatten(settings, $"{key}:{i}", list[i]);
                break;
            case null:
                break;
            default:
                settings[key] = value.GetValueKind() == JsonValueKind.String ? (string?)value : value.ToJsonString();
                break;
        }
    }
}
