using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Classes;

/// <summary>Whether and what the server is: <c>/health</c>, <c>/serverInfo</c> (contract section 25).</summary>
internal sealed class ServerRoutes(IOptions<SecurityOptions> security) : IRouteSource
{
    public void AddRoutes(RouteList routes)
    {
        routes.Map("GET", "/health", Health, RouteRules.Open);
        routes.Map("POST", "/health", Health, RouteRules.Open);
        routes.Map("GET", "/serverInfo", ServerInfo, RouteRules.Master);
    }

    private static ValueTask<ParseResponse> Health(ParseRequest request) => new(ParseResponse.Json(200, static writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("status"u8, "ok"u8);
        writer.WriteEndObject();
    }));

    private ValueTask<ParseResponse> ServerInfo(ParseRequest request) => new(ParseResponse.Json(200, writer =>
    {
        // Only what is there is announced: the dashboard hides the rest. The version is the one whose dialect this is.
        writer.WriteRawValue($$$"""
            {"features":{
            "globalConfig":{"create":true,"read":true,"update":true,"delete":true},
            "hooks":{"create":true,"read":true,"update":true,"delete":true},
            "cloudCode":{"jobs":false},
            "logs":{"level":false,"size":false,"order":false,"until":false,"from":false},
            "push":{"immediatePush":false,"scheduledPush":false,"storedPushData":false,"pushAudiences":true,"localization":false},
            "schemas":{"addField":true,"removeField":true,"addClass":true,"removeClass":true,"clearAllDataFromClass":true,"exportClass":false,
            "editClassLevelPermissions":true,"editPointerPermissions":true},
            "settings":{"securityCheck":{{{(security.Value.EnableCheck ? "true" : "false")}}}}},
            "parseServerVersion":"7.4.0-alpha.5"}
            """, skipInputValidation: true);
    }));
}
