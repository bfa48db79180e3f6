using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Wire;

/// <summary>The headers that let browsers call, on every answer (contract 1.2).</summary>
internal sealed class Cors(ParseCompatOptions options)
{
    private readonly string _headers = string.Join(", ", (string[])
    [
        "X-Parse-Master-Key", "X-Parse-REST-API-Key", "X-Parse-Javascript-Key", "X-Parse-Application-Id", "X-Parse-Client-Version",
        "X-Parse-Session-Token", "X-Requested-With", "X-Parse-Revocable-Session", "X-Parse-Request-Id", "Content-Type", "Pragma", "Cache-Control",
        .. options.AllowHeaders,
    ]);

    /// <summary>Writes them.</summary>
    public void Write(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.AccessControlAllowOrigin = Origin(http.Request);
        headers.AccessControlAllowMethods = "GET,PUT,POST,DELETE,OPTIONS";
        headers.AccessControlAllowHeaders = _headers;
        headers.AccessControlExposeHeaders = "X-Parse-Job-Status-Id, X-Parse-Push-Status-Id";
    }

    private string Origin(HttpRequest request)
    {
        var allowed = options.AllowOrigin;
        if (allowed.Length == 0)
            return "*";
        var origin = request.Headers.Origin.ToString();
        return Array.IndexOf(allowed, origin) >= 0 ? origin : allowed[0];
    }
}
