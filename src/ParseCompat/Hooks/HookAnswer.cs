using System.Text.Json;
using Backend.Data;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>What a web hook answered: <c>{"success": …}</c>, <c>{"error": …}</c>, or nothing (contract section 21).</summary>
internal sealed class HookAnswer
{
    private HookAnswer(JsonElement? success) => Success = success;

    /// <summary>The value of <c>success</c>; null: the answer had none.</summary>
    public JsonElement? Success { get; }

    /// <summary>Reads the body of an answer.</summary>
    /// <param name="status">The HTTP status, which counts only when the body says nothing.</param>
    /// <param name="body">The body.</param>
    /// <param name="noMessage">The text for an error without one.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.Rejected"/>: it said no, or what it said cannot be read.</exception>
    public static HookAnswer Read(int status, byte[] body, string noMessage)
    {
        if (body.AsSpan().IndexOfAnyExcept(" \t\r\n"u8) < 0)
            return status is >= 200 and < 300 ? new HookAnswer(null) : throw Rejected($"The web hook answered with status {status}.");
        JsonElement json;
        try
        {
            JsonText.MendNames(body);
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 1000 });
            json = JsonElement.ParseValue(ref reader);
            if (reader.Read())
                throw Malformed(body);
        }
        catch (JsonException)
        {
            throw Malformed(body);
        }

        if (json.ValueKind == JsonValueKind.String)
            throw Malformed(body);
        if (json.ValueKind != JsonValueKind.Object)
            return new HookAnswer(null);
        if (json.TryGetProperty("error", out var error) && IsTruthy(error))
            throw Refuse(error, noMessage);
        if (json.TryGetProperty("success", out var success))
            return new HookAnswer(success);
        return status is >= 200 and < 300 ? new HookAnswer(null) : throw Rejected($"The web hook answered with status {status}.");
    }

    /// <summary>The refusal for an error of a hook: a text, or an object whose <c>message</c>, or which itself, is the error.</summary>
    private static Refusal Refuse(JsonElement error, string noMessage)
    {
        if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) && IsTruthy(message))
            error = message;
        if (error.ValueKind == JsonValueKind.String)
            return Rejected(JsonText.Read(error) is { Length: > 0 } text ? text : noMessage);

        // The old dialect gives the object to its clients as it is; another has the words in it.
        var words = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("error", out var inner) && inner.ValueKind == JsonValueKind.String ? JsonText.Read(inner) : "";
        return new Refusal(RefusalKind.Rejected, words.Length > 0 ? words : noMessage) { Detail = error.GetRawText() };
    }

    private static bool IsTruthy(JsonElement value) => new Parameter("", value).IsTruthy;

    private static Refusal Rejected(string message) => new(RefusalKind.Rejected, message);

    private static Refusal Malformed(byte[] body)
    {
        var text = System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 400)));
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("error"u8, "Malformed response"u8);
            writer.WriteNumber("code"u8, -1);
            writer.WriteString("partialResponse"u8, text.Length > 100 ? text[..100] : text);
            writer.WriteEndObject();
        }

        return new Refusal(RefusalKind.Rejected, "Malformed response") { Detail = System.Text.Encoding.UTF8.GetString(stream.ToArray()) };
    }
}
