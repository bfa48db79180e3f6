using System.Text.Json.Nodes;
using Backend.Data.Rows;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>Rows and saves as the JSON objects that hooks see.</summary>
internal sealed class HookObject(ValueWriter values)
{
    private readonly RowWriter _rows = new(values);

    /// <summary>A row as an object, without a class name.</summary>
    public JsonObject FromRow(Row row) => HookJson.Parse(HookJson.Write(writer =>
    {
        writer.WriteStartObject();
        _rows.WriteKeys(writer, row);
        writer.WriteEndObject();
    })).AsObject();

    /// <summary>The object that a save would make of a row: operations done, places in objects filled.</summary>
    /// <param name="original">The row before; null in a create. Not changed.</param>
    /// <param name="body">The save.</param>
    public JsonObject Saved(JsonObject? original, Draft body)
    {
        var saved = original?.DeepClone().AsObject() ?? [];
        foreach (var field in body.Fields)
        {
            if (field.Steps.Length == 0)
            {
                Apply(saved, field.Name, field);
                continue;
            }

            if (saved[field.Name] is not (JsonObject or JsonArray))
                saved[field.Name] = new JsonObject();
            var place = saved[field.Name]!;
            for (var i = 0; i < field.Steps.Length - 1 && place is not null; i++)
                place = Descend(place, field.Steps[i]);
            if (place is JsonObject parent)
                Apply(parent, field.Steps[^1], field);
            else if (place is JsonArray array && int.TryParse(field.Steps[^1], out var index) && index >= 0 && index < array.Count && field.Action == DraftAction.Set)
                array[index] = Of(field);
        }

        if (body.Acl is { } acl)
            saved["ACL"] = HookJson.Parse(HookJson.Write(writer => AclJson.Write(writer, acl)));
        return saved;
    }

    private static JsonNode? Descend(JsonNode place, string step)
    {
        if (place is JsonArray array)
            return int.TryParse(step, out var index) && index >= 0 && index < array.Count ? array[index] : null;
        if (place is not JsonObject parent)
            return null;
        if (parent[step] is not (JsonObject or JsonArray))
            parent[step] = new JsonObject();
        return parent[step];
    }

    private void Apply(JsonObject parent, string key, DraftField field)
    {
        switch (field.Action)
        {
            case DraftAction.Set:
                parent[key] = Of(field);
                break;
            case DraftAction.Increment:
                parent[key] = HookJson.Parse(HookJson.Write(writer => ValueWriter.WriteNumber(writer, Number(parent[key]) + field.Amount)));
                break;
            case DraftAction.Add or DraftAction.AddUnique or DraftAction.Remove:
                parent[key] = Elements(parent[key] as JsonArray, HookJson.Parse(field.Elements!).AsArray(), field.Action);
                break;
            case DraftAction.Delete:
                parent.Remove(key);
                break;
            default:
                if (field.Target is not null)
                    parent[key] = new JsonObject { ["__type"] = "Relation", ["className"] = field.Target };
                break;
        }
    }

    private JsonNode? Of(DraftField field) => field.Nested is { } nested ? HookJson.Parse(nested) : HookJson.Parse(HookJson.Write(writer => values.Write(writer, field.Value)));

    private static double Number(JsonNode? node) => node is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.Number ? value.GetValue<double>() : 0;

    private static JsonArray Elements(JsonArray? before, JsonArray given, DraftAction action)
    {
        var after = before?.DeepClone().AsArray() ?? [];
        foreach (var element in given)
        {
            if (action == DraftAction.Remove)
            {
                for (var i = after.Count - 1; i >= 0; i--)
                {
                    if (JsonNode.DeepEquals(after[i], element))
                        after.RemoveAt(i);
                }
            }
            else if (action == DraftAction.Add || !after.Any(other => JsonNode.DeepEquals(other, element)))
            {
                after.Add(element?.DeepClone());
            }
        }

        return after;
    }
}
