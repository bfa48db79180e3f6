using System.Text.Json;
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
        return ParseResponse.Json(200, writer =>
        {
            if (!json.TryGetProperty("results", out var rows) || rows.ValueKind != JsonValueKind.Array)
            {
                Show(writer, json);
                return;
            }

            writer.WriteStartObject();
            foreach (var property in json.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                if (property.Name != "results")
                {
                    JsonText.WriteAsRead(writer, property.Value);
                    continue;
                }

                writer.WriteStartArray();
                foreach (var row in rows.EnumerateArray())
                    Show(writer, row);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
    }

    private static void Show(Utf8JsonWriter writer, JsonElement row)
    {
        writer.WriteStartObject();
        foreach (var property in row.EnumerateObject())
        {
            var value = property.Value;
            if (property.Name == "query" && value.ValueKind == JsonValueKind.String && Parameter.TryParse(JsonText.Read(value), out var query))
                value = query;
            else if (property.Name == "lastUsed" && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("iso", out var iso))
                value = iso;
            writer.WritePropertyName(property.Name);
            JsonText.WriteAsRead(writer, value);
        }

        writer.WriteEndObject();
    }
}
