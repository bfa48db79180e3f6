using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backend.Data.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Backend.ParseCompat.Wire;

/// <summary>Finds the caller behind a session token.</summary>
internal interface ICallerSource
{
    /// <summary>The user of a session.</summary>
    /// <exception cref="ParseError">209: no such session, or it has ended.</exception>
    ValueTask<Caller> ResolveAsync(string sessionToken, CancellationToken cancellation);
}

/// <summary>Reads credentials and decides who calls, in the order of contract 2.3.</summary>
internal sealed class Authenticator(IOptions<ParseCompatOptions> options)
{
    private readonly ParseCompatOptions _options = options.Value;
    private readonly AddressRanges _masterIps = new(options.Value.MasterKeyIps);
    private readonly AddressRanges _maintenanceIps = new(options.Value.MaintenanceKeyIps);

    /// <summary>Whether the headers name the application, so that the body need not.</summary>
    public bool IsNamed(HttpRequest request)
    {
        if (Header(request.Headers, "X-Parse-Application-Id") == _options.ApplicationId)
            return true;
        var basic = new Credentials();
        if (!StringValues.IsNullOrEmpty(request.Headers.Authorization))
            ReadBasic(request.Headers.Authorization.ToString(), basic);
        return basic.ApplicationId is not null;
    }

    /// <summary>What the request shows.</summary>
    /// <exception cref="ParseError">403: no or a foreign application id, or a credential that is no text; 107: a context that is no object.</exception>
    public Credentials Read(HttpRequest request, Envelope body)
    {
        var headers = request.Headers;
        var shown = new Credentials
        {
            ApplicationId = Header(headers, "X-Parse-Application-Id"),
            ClientKey = Header(headers, "X-Parse-Client-Key"),
            JavaScriptKey = Header(headers, "X-Parse-Javascript-Key"),
            DotNetKey = Header(headers, "X-Parse-Windows-Key"),
            RestApiKey = Header(headers, "X-Parse-REST-API-Key"),
            MasterKey = Header(headers, "X-Parse-Master-Key"),
            MaintenanceKey = Header(headers, "X-Parse-Maintenance-Key"),
            SessionToken = Header(headers, "X-Parse-Session-Token"),
            InstallationId = Header(headers, "X-Parse-Installation-Id"),
            ClientVersion = Header(headers, "X-Parse-Client-Version"),
        };
        if (Header(headers, "X-Parse-Cloud-Context") is { } context)
            shown.Context = ReadContext(context);
        if (!StringValues.IsNullOrEmpty(headers.Authorization))
            ReadBasic(headers.Authorization.ToString(), shown);
        if (shown.ApplicationId == _options.ApplicationId)
            return shown;

        // Only an application id that did not come by header lets the body speak for the request (contract 2.2).
        if (body.ApplicationId != _options.ApplicationId || body.HasBadCredential || (shown.MasterKey is not null && shown.MasterKey != _options.MasterKey))
            throw ParseError.Unauthorized();
        if (body.HasBadSessionToken)
            throw ParseError.InvalidSessionToken();
        shown.ApplicationId = body.ApplicationId;
        shown.JavaScriptKey = body.JavaScriptKey;
        shown.ClientVersion = NotEmpty(body.ClientVersion) ?? shown.ClientVersion;
        shown.InstallationId = NotEmpty(body.InstallationId) ?? shown.InstallationId;
        shown.SessionToken = NotEmpty(body.SessionToken) ?? shown.SessionToken;
        shown.MasterKey = NotEmpty(body.MasterKey) ?? shown.MasterKey;
        if (body.Context is { } inBody)
        {
            shown.Context = inBody.ValueKind switch
            {
                JsonValueKind.Object => inBody,
                JsonValueKind.String when JsonText.Read(inBody) is { Length: > 0 } text => ReadContext(text),
                JsonValueKind.String or JsonValueKind.Null or JsonValueKind.False => shown.Context,
                _ => throw BadContext(),
            };
        }

        return shown;
    }

    /// <summary>Decides what the keys open: master, read-only master, maintenance, or a client (null).</summary>
    /// <exception cref="ParseError">403: a key from an address that it is not open to, or no client key.</exception>
    public (Caller? Caller, bool IsMaintenance) Check(Credentials shown, HttpContext http)
    {
        if (IsKey(shown.MaintenanceKey, _options.MaintenanceKey))
        {
            return _maintenanceIps.Contains(http.Connection.RemoteIpAddress)
                ? (Caller.Administrator, true)
                : throw ParseError.Unauthorized();
        }

        if (IsKey(shown.MasterKey, _options.MasterKey))
        {
            return _masterIps.Contains(http.Connection.RemoteIpAddress)
                ? (Caller.Administrator, false)
                : throw ParseError.Unauthorized();
        }

        if (IsKey(shown.MasterKey, _options.ReadOnlyMasterKey))
            return (Caller.ReadOnlyAdministrator, false);
        if (_options.AsksForClientKey
            && !IsKey(shown.ClientKey, _options.ClientKey)
            && !IsKey(shown.JavaScriptKey, _options.JavaScriptKey)
            && !IsKey(shown.DotNetKey, _options.DotNetKey)
            && !IsKey(shown.RestApiKey, _options.RestApiKey))
        {
            throw ParseError.Unauthorized();
        }

        return (null, false);
    }

    private static bool IsKey(string? shown, string? key)
    {
        if (shown is null || key is null || shown.Length != key.Length)
            return false;
        Span<byte> a = stackalloc byte[512];
        Span<byte> b = stackalloc byte[512];
        return shown.Length <= 128
            ? CryptographicOperations.FixedTimeEquals(a[..Encoding.UTF8.GetBytes(shown, a)], b[..Encoding.UTF8.GetBytes(key, b)])
            : CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(key));
    }

    private void ReadBasic(string authorization, Credentials shown)
    {
        const string Scheme = "Basic ";
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return;
        var encoded = authorization.AsSpan(Scheme.Length).Trim();
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64Chars(encoded, bytes, out var length))
            return;
        var parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':');
        if (parts.Length != 2 || parts[0] != _options.ApplicationId)
            return;
        shown.ApplicationId = parts[0];
        const string JavaScript = "javascript-key=";
        var at = parts[1].IndexOf(JavaScript, StringComparison.Ordinal);
        if (at >= 0)
            shown.JavaScriptKey = NotEmpty(parts[1][(at + JavaScript.Length)..]) ?? shown.JavaScriptKey;
        else
            shown.MasterKey = NotEmpty(parts[1]) ?? shown.MasterKey;
    }

    private static JsonElement ReadContext(string text) =>
        Parameter.TryParse(text, out var context) && context.ValueKind == JsonValueKind.Object ? context : throw BadContext();

    private static ParseError BadContext() => new(ErrorCode.InvalidJson, "Invalid object for context.");

    private static string? Header(IHeaderDictionary headers, string name) => headers.TryGetValue(name, out var value) ? NotEmpty(value.ToString()) : null;

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
