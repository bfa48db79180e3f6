using System.Text.Json;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>What JavaScript puts into a text for a value: old error texts contain such, and clients compare them.</summary>
internal static class JavaScriptText
{
    /// <summary><c>String(value)</c>.</summary>
    public static string Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.Read(value),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => "null",
        JsonValueKind.Undefined => "undefined",
        JsonValueKind.Number => JavaScriptNumber.Format(value.GetDouble()),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? "" : Of(e))),
        _ => "[object Object]",
    };
}
