using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>JSON in memory, for what is sent to hooks.</summary>
internal static class HookJson
{
    /// <summary>What a writer writes, as UTF-8.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var output = JsonOutput.Rent();
        try
        {
            write(output.Json);
            output.Json.Flush();
            return output.Written.ToArray();
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>
    /// An object to work on. Of several properties of one name the last counts, as in JavaScript, and half characters become U+FFFD: the framework's
    /// nodes throw at both, when they are touched.
    /// </summary>
    public static JsonObject Object(JsonElement element) => Parse(JsonMarshal.GetRawUtf8Value(element).ToArray()).AsObject();

    /// <summary>The same for any JSON but <c>null</c>, as UTF-8, which is changed.</summary>
    public static JsonNode Parse(byte[] json)
    {
        JsonText.MendAll(json);
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1000 });
        return Node(document.RootElement)!;
    }

    private static JsonNode? Node(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var o = new JsonObject();
                foreach (var property in element.EnumerateObject())
                    o[property.Name] = Node(property.Value);
                return o;
            case JsonValueKind.Array:
                var a = new JsonArray();
                foreach (var item in element.EnumerateArray())
                    a.Add(Node(item));
                return a;
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
