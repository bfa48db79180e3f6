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

    // parse-server's name -> ours; the values have the same form.
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["appId"] = "ApplicationId",
        ["masterKey"] = "MasterKey",
        ["masterKeyIps"] = "MasterKeyIps",
        ["maintenanceKey"] = "MaintenanceKey",
        ["maintenanceKeyIps"] = "MaintenanceKeyIps",
        ["readOnlyMasterKey"] = "ReadOnlyMasterKey",
        ["javascriptKey"] = "JavaScriptKey",
        ["restAPIKey"] = "RestApiKey",
        ["clientKey"] = "ClientKey",
        ["dotNetKey"] = "DotNetKey",
        ["webhookKey"] = "WebhookKey",
        ["fileKey"] = "FileKey",
        ["serverURL"] = "PublicServerUrl",
        ["publicServerURL"] = "PublicServerUrl",
        ["allowClientClassCreation"] = "AllowClientClassCreation",
        ["allowCustomObjectId"] = "AllowCustomObjectId",
        ["allowHeaders"] = "AllowHeaders",
        ["allowOrigin"] = "AllowOrigin",
        ["defaultLimit"] = "DefaultLimit",
        ["maxLimit"] = "MaxLimit",
        ["enforcePrivateUsers"] = "EnforcePrivateUsers",
        ["protectedFields"] = "ProtectedFields",
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
            var key = "ParseCompat:" + Names[name];
            foreach (var old in settings.Keys.Where(k => k.Equals(key, StringComparison.OrdinalIgnoreCase) || k.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase)).ToList())
                settings.Remove(old);
        }

        foreach (var (name, value) in asked.Set)
            Flatten(settings, "ParseCompat:" + Names[name], value);
        return settings;
    }

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
