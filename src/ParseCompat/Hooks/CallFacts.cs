using System.Text.Json;
using Backend.Data.Access;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Hooks;

/// <summary>Who calls, from where and with what: the part of a hook's body that is the same for every hook of a request.</summary>
internal sealed class CallFacts
{
    private readonly HttpContext? _http;
    private readonly Caller _caller;
    private readonly bool _isMaster;
    private readonly string? _installationId;
    private readonly JsonElement? _context;
    private readonly byte[]? _user;

    private CallFacts(HttpContext? http, Caller caller, bool isMaster, string? installationId, JsonElement? context, byte[]? user)
    {
        _http = http;
        _caller = caller;
        _isMaster = isMaster;
        _installationId = installationId;
        _context = context;
        _user = user;
    }

    /// <summary>On whose behalf.</summary>
    public Caller Caller => _caller;

    /// <summary>The facts of a request of this dialect; reads the caller's row.</summary>
    public static async ValueTask<CallFacts> OfAsync(ParseRequest request, ClassServices services) =>
        new(request.Http, request.Caller, request is { IsMaster: true, IsMaintenance: false }, request.InstallationId, request.Credentials.Context,
            await ReadUserAsync(request.Caller, request.SessionToken, services, request.Aborted));

    /// <summary>The facts of a call that did not come through this dialect.</summary>
    public static async ValueTask<CallFacts> OfAsync(Caller caller, HttpContext? http, ClassServices services, CancellationToken cancellation) =>
        new(http, caller, caller.IsAdministrator, null, null, await ReadUserAsync(caller, null, services, cancellation));

    /// <summary>Writes the facts.</summary>
    /// <param name="writer">Inside the body's object.</param>
    /// <param name="withContext">Whether the hook is one that gets the context.</param>
    public void Write(Utf8JsonWriter writer, bool withContext = true)
    {
        writer.WriteBoolean("master"u8, _isMaster);
        if (_user is not null)
        {
            writer.WritePropertyName("user"u8);
            writer.WriteRawValue(_user, skipInputValidation: true);
        }

        if (_installationId is not null)
        {
            writer.WritePropertyName("installationId"u8);
            JsonText.Write(writer, _installationId);
        }

        // What the logger of the old server left of itself in JSON; hooks have their own.
        writer.WriteStartObject("log"u8);
        writer.WriteEndObject();
        writer.WriteStartObject("headers"u8);
        foreach (var (name, value) in _http?.Request.Headers ?? new HeaderDictionary())
            writer.WriteString(name.ToLowerInvariant(), value.ToString());
        writer.WriteEndObject();
        if (_http?.Connection.RemoteIpAddress is { } address)
            writer.WriteString("ip"u8, (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        if (!withContext)
            return;
        writer.WritePropertyName("context"u8);
        if (_context is { } context)
        {
            writer.WriteRawValue(context.GetRawText(), skipInputValidation: true);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
    }

    private static async ValueTask<byte[]?> ReadUserAsync(Caller caller, string? token, ClassServices services, CancellationToken cancellation)
    {
        if (caller.UserId is not { } id || (await services.Catalog.GetAsync(cancellation)).Users is not { } users)
            return null;
        return await services.Rows.GetUninterceptedAsync(users, id, cancellation) is { } row
            ? HookJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("className"u8, ClassName.User);
                services.RowWriter.WriteKeys(writer, row);
                if (token is not null)
                    writer.WriteString("sessionToken"u8, token);
                writer.WriteEndObject();
            })
            : null;
    }
}
