using System.Text.Json;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Hooks;

/// <summary>Who calls, from where and with what: the part of a hook's body that is the same for every hook of a request.</summary>
/// <param name="http">The HTTP request.</param>
/// <param name="isMaster">Whether the master key was shown.</param>
/// <param name="installationId">The installation that calls, or null.</param>
/// <param name="context">The context that the client gave, an object, or null.</param>
/// <param name="user">The user who calls, as JSON, or null.</param>
internal sealed class CallFacts(HttpContext http, bool isMaster, string? installationId, JsonElement? context, byte[]? user)
{
    /// <summary>Writes the facts.</summary>
    /// <param name="writer">Inside the body's object.</param>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteBoolean("master"u8, isMaster);
        if (user is not null)
        {
            writer.WritePropertyName("user"u8);
            writer.WriteRawValue(user, skipInputValidation: true);
        }

        if (installationId is not null)
        {
            writer.WritePropertyName("installationId"u8);
            JsonText.Write(writer, installationId);
        }

        // What the logger of the old server left of itself in JSON; hooks have their own.
        writer.WriteStartObject("log"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("headers"u8);
        foreach (var (name, value) in http.Request.Headers)
        {
            writer.WritePropertyName(name.ToLowerInvariant());
            JsonText.Write(writer, value.ToString());
        }

        writer.WriteEndObject();
        if (http.Connection.RemoteIpAddress is { } address)
            writer.WriteString("ip"u8, (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        writer.WritePropertyName("context"u8);
        writer.WriteRawValue(context?.GetRawText() ?? "{}", skipInputValidation: true);
    }
}
