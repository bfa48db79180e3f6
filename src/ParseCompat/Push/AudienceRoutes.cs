using System.Text.Json.Nodes;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Push;

/// <summary>Saved push targets (contract section 25): the class <c>_Audience</c>, whose query is kept as text and shown as an object.</summary>
internal sealed class AudienceRoutes(ClassServices services) : IRouteSource
{
    private readonly ClassHandler _rows = new(services);

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        const string Path = "/push_audiences";
        const string One = Path + "/:objectId";
        routes.Map("GET", Path, async r => await ShowAsync(r, await _rows.FindAsync(r, ClassName.Audience)), RouteRules.Master);
        routes.Map("GET", One, async r => await ShowAsync(r, await _rows.GetAsync(r, ClassName.Audience, r["objectId"])), RouteRules.Master);
        routes.Map("POST", Path, r => _rows.CreateAsync(r, ClassName.Audience), RouteRules.Master);
        routes.Map("PUT", One, r => _rows.UpdateAsync(r, ClassName.Audience, r["objectId"]), RouteRules.Master);
        routes.Map("DELETE", One, r => _rows.DeleteAsync(r, ClassName.Audience, r["objectId"]), RouteRules.Master);
    }

    /// <summary>The answer with its queries as objects.</summary>
    private static async ValueTask<ParseResponse> ShowAsync(ParseRequest request, ParseResponse response)
    {
        var json = await JsonOutput.ReadAsync(response, request.Aborted);
        if (json["results"] is JsonArray rows)
        {
            foreach (var row in rows)
                Show(row!);
        }
        else
        {
            Show(json);
        }

        return ParseResponse.Json(200, writer => json.WriteTo(writer));
    }

    private static void Show(JsonNode row)
    {
        if (row["query"] is JsonValue query && query.TryGetValue<string>(out var text) && Parameter.TryParse(text, out var parsed))
            row["query"] = JsonNode.Parse(parsed.GetRawText());
        if (row["lastUsed"] is JsonObject date && date["iso"] is JsonValue iso)
            row["lastUsed"] = iso.DeepClone();
    }
}
