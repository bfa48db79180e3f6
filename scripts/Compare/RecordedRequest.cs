using System.Text.Json;
using System.Text.RegularExpressions;

namespace Backend.Compare;

/// <summary>A request as it was recorded: a line of JSON with <c>method</c>, <c>path</c> (with its query), <c>headers</c> and <c>body</c> or <c>bodyBase64</c>.</summary>
internal sealed partial record RecordedRequest(string Method, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[]? Body)
{
    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is not such a line.</exception>
    public static RecordedRequest Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 256 });
            var root = json.RootElement;
            var path = root.GetProperty("path").GetString()!;
            if (!path.StartsWith('/'))
            {
                throw new FormatException("its path does not begin with /");
            }
            byte[]? body = null;
            if (root.TryGetProperty("bodyBase64", out var coded) && coded.ValueKind == JsonValueKind.String)
            {
                body = coded.GetBytesFromBase64();
            }
            else if (root.TryGetProperty("body", out var text) && text.GetString() is { Length: > 0 } said && said != "-")
            {
                body = System.Text.Encoding.UTF8.GetBytes(said);
            }
            // A log says - or nothing for a header that was not there.
            KeyValuePair<string, string>[] headers = root.TryGetProperty("headers", out var given)
                ? [.. given.EnumerateObject().Where(h => h.Value.GetString() is { Length: > 0 } value && value != "-").Select(h => KeyValuePair.Create(h.Name, h.Value.GetString()!))]
                : [];
            return new RecordedRequest(root.GetProperty("method").GetString()!, path, headers, body);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Writes a line, without its end.</summary>
    public string ToLine() => JsonSerializer.Serialize(new
    {
        method = Method,
        path = Path,
        headers = Headers.ToDictionary(h => h.Key, h => h.Value),
        bodyBase64 = Body is { Length: > 0 } ? Convert.ToBase64String(Body) : null,
    });

    /// <summary>Whether it only reads: GET, POST with <c>_method</c> GET, and a batch of nothing but GETs. What logs in or out, or opens a link of a mail, does more.</summary>
    public bool IsRead()
    {
        var path = Path.Split('?')[0];
        if (DoesMore().IsMatch(path))
        {
            return false;
        }
        if (Method is "GET" or "HEAD")
        {
            return true;
        }
        if (Method != "POST" || Body is null)
        {
            return false;
        }
        try
        {
            using var json = JsonDocument.Parse(Body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }
            if (json.RootElement.TryGetProperty("_method", out var method))
            {
                return method.ValueEquals("GET"u8);
            }
            return path.EndsWith("/batch", StringComparison.Ordinal) && json.RootElement.TryGetProperty("requests", out var requests) && requests.ValueKind == JsonValueKind.Array
                && requests.EnumerateArray().All(r => r.ValueKind == JsonValueKind.Object && r.TryGetProperty("method", out var m) && m.ValueEquals("GET"u8)
                    && r.TryGetProperty("path", out var p) && p.ValueKind == JsonValueKind.String && !DoesMore().IsMatch(p.GetString()!.Split('?')[0]));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The request without what is different each time: names of objects and of files.</summary>
    public string Route(string mount)
    {
        var path = Path.Split('?')[0];
        path = mount.Length > 0 && path.StartsWith(mount, StringComparison.Ordinal) ? path[mount.Length..] : path;
        return $"{Method} {Object().Replace(path, "$1/:id")}";
    }

    [GeneratedRegex("/(login|logout|verifyPassword|upgradeToRevocableSession|loginAs|apps|verify_email|resend_verification_email|request_password_reset|choose_password|logins?|oauth|token)(/|$)", RegexOptions.IgnoreCase)]
    private static partial Regex DoesMore();

    [GeneratedRegex("(/classes/[^/]+|/users|/roles|/sessions|/installations|/files/[^/]+|/files)/(?!me$)[^/]+$")]
    private static partial Regex Object();
}
