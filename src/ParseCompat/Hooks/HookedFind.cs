using System.Globalization;
using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>A find or get of a class with triggers.</summary>
/// <param name="Query">The query as JSON: <c>where</c> and the options, as the JavaScript SDK writes a query.</param>
/// <param name="Count">Whether the rows are counted.</param>
/// <param name="IsGet">Whether one row is read by its id.</param>
/// <param name="Facts">Who calls.</param>
internal sealed record HookedFind(byte[] Query, bool Count, bool IsGet, CallFacts Facts)
{
    private static readonly string[] Lists = ["order", "keys", "excludeKeys", "include"];
    private static readonly string[] Numbers = ["limit", "skip"];
    private static readonly string[] Texts = ["readPreference", "includeReadPreference", "subqueryReadPreference"];

    /// <summary>Reads the query from a request's parameters.</summary>
    /// <param name="request">The request.</param>
    /// <param name="id">The id of the row that is read; null in a find.</param>
    /// <param name="facts">Who calls.</param>
    /// <param name="defaultLimit">The limit of a find that names none; null: it stays unnamed.</param>
    public static HookedFind Of(ParseRequest request, string? id, CallFacts facts, int? defaultLimit = null)
    {
        var count = false;
        var limit = id is null ? defaultLimit : null;
        var query = HookJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("where"u8);
            WriteWhere(writer, request, id);
            foreach (var parameter in request.Parameters)
            {
                if (Array.IndexOf(Lists, parameter.Name) >= 0 && parameter.IsTruthy)
                {
                    writer.WritePropertyName(parameter.Name);
                    JsonText.Write(writer, List(parameter.Value));
                }
                else if (Array.IndexOf(Numbers, parameter.Name) >= 0 && Number(parameter.Value) is { } number)
                {
                    writer.WritePropertyName(parameter.Name);
                    ValueWriter.WriteNumber(writer, number);
                    if (parameter.Name == "limit")
                        limit = null;
                }
                else if (Array.IndexOf(Texts, parameter.Name) >= 0 && parameter.Value.ValueKind == JsonValueKind.String)
                {
                    writer.WritePropertyName(parameter.Name);
                    JsonText.Write(writer, JsonText.Read(parameter.Value));
                }
                else if (parameter.Name == "count")
                {
                    count = parameter.IsTruthy;
                }
            }

            if (limit is { } most)
                writer.WriteNumber("limit"u8, most);
            writer.WriteEndObject();
        });
        return new HookedFind(query, count, id is not null, facts);
    }

    /// <summary>A query for rows by their ids.</summary>
    public static HookedFind ByIds(IReadOnlyList<string> ids, CallFacts facts) => new(
        HookJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("where"u8);
            writer.WritePropertyName("objectId"u8);
            if (ids.Count == 1)
            {
                JsonText.Write(writer, ids[0]);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteStartArray("$in"u8);
                foreach (var id in ids)
                    JsonText.Write(writer, id);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }),
        false,
        ids.Count == 1,
        facts);

    private static void WriteWhere(Utf8JsonWriter writer, ParseRequest request, string? id)
    {
        if (id is not null)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("objectId"u8);
            JsonText.Write(writer, id);
            writer.WriteEndObject();
            return;
        }

        foreach (var parameter in request.Parameters)
        {
            if (parameter.Name != "where")
                continue;
            var where = parameter.Value;
            if (where.ValueKind == JsonValueKind.Object || (where.ValueKind == JsonValueKind.String && Parameter.TryParse(JsonText.Read(where), out where)))
            {
                writer.WriteRawValue(where.GetRawText(), skipInputValidation: true);
                return;
            }
        }

        writer.WriteRawValue("{}", skipInputValidation: true);
    }

    private static string List(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.Read(value),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? JsonText.Read(e) : e.GetRawText())),
        _ => value.GetRawText(),
    };

    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when double.TryParse(JsonText.Read(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
