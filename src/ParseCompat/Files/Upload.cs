using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using Backend.Data.Files;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Backend.ParseCompat.Files;

/// <summary>
/// What an upload brings: the body itself, read as it comes, or the base64 text of a JSON body, by which SDKs in browsers save a preflight (contract 19.1 to 19.3).
/// </summary>
internal sealed class Upload
{
    /// <summary>The bytes.</summary>
    public required Stream Content { get; init; }

    /// <summary>Whether there is none.</summary>
    public required bool IsEmpty { get; init; }

    /// <summary>Media type, metadata, tags.</summary>
    public required FileDetails Details { get; init; }

    /// <summary>Reads the beginning of a raw body, or the whole of a JSON one.</summary>
    /// <exception cref="ParseError">107: metadata or tags that are no object.</exception>
    public static async ValueTask<Upload> ReadAsync(ParseRequest request, long maxBytes)
    {
        var http = request.Http.Request;
        return request.Body == RequestBody.Empty ? await ReadRawAsync(http, maxBytes, request.Aborted) : ReadJson(request.Body, http.ContentType);
    }

    private static async ValueTask<Upload> ReadRawAsync(HttpRequest http, long maxBytes, CancellationToken cancellation)
    {
        // The store counts. The server's own limit would cut the connection before the refusal is read.
        if (http.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        if (http.ContentLength > maxBytes)
            throw ParseError.BadBody("request entity too large", 413);
        var details = new FileDetails(NotEmpty(http.ContentType), ReadHeader(http, "X-Parse-File-Metadata"), ReadHeader(http, "X-Parse-File-Tags"));
        var encoding = http.Headers.ContentEncoding.ToString();
        var inflated = encoding.ToLowerInvariant() switch
        {
            "" or "identity" => http.Body,
            "gzip" => new GZipStream(http.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(http.Body, CompressionMode.Decompress),
            _ => throw ParseError.BadBody($"unsupported content encoding \"{encoding}\"", 415),
        };
        var reader = PipeReader.Create(inflated, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var start = await reader.ReadAsync(cancellation);
        var isEmpty = start.IsCompleted && start.Buffer.IsEmpty;
        reader.AdvanceTo(start.Buffer.Start);
        return new Upload { Content = reader.AsStream(), IsEmpty = isEmpty, Details = details };
    }

    private static Upload ReadJson(RequestBody body, string? contentType)
    {
        var bytes = body.GetText("base64") is { } base64 ? Base64Text.Decode(base64) : [];
        var fileData = body.Get("fileData") is { ValueKind: JsonValueKind.Object } data ? data : default;
        return new Upload
        {
            Content = new MemoryStream(bytes, writable: false),
            IsEmpty = bytes.Length == 0,
            Details = new FileDetails(NotEmpty(body.Keys.ContentType) ?? NotEmpty(contentType), Find(fileData, "metadata"), Find(fileData, "tags")),
        };
    }

    private static JsonElement? Find(JsonElement fileData, string name)
    {
        if (fileData.ValueKind != JsonValueKind.Object || !fileData.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        return Checked(value, name);
    }

    private static JsonElement? ReadHeader(HttpRequest http, string name)
    {
        var text = http.Headers[name].ToString();
        if (text.Length == 0)
            return null;
        return Parameter.TryParse(text, out var json) ? Checked(json, name) : throw NoObject(name);
    }

    private static JsonElement Checked(JsonElement value, string name)
    {
        return value.ValueKind == JsonValueKind.Object ? value : throw NoObject(name);
    }

    private static ParseError NoObject(string name) => new(ErrorCode.InvalidJson, $"{name} is not an object.");

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
