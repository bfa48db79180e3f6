using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Backend.ParseCompat.Wire;

/// <summary>Takes in a request's body, inflated, within the size limit (contract 1.3, 30.2).</summary>
internal static class BodyReader
{
    /// <summary>Reads the body as JSON whatever its type says, forms apart.</summary>
    /// <exception cref="ParseError">413 too large, 415 unknown encoding, 400 not JSON or damaged.</exception>
    public static ValueTask<RequestBody> ReadAsync(HttpRequest request, ParseCompatOptions options)
    {
        if (request.ContentLength == 0 || (request.ContentLength is null && !request.Headers.ContainsKey("Transfer-Encoding") && !MayHaveBody(request)))
            return new(RequestBody.Empty);
        return ReadSlowlyAsync(request, options);
    }

    /// <summary>Reads the bytes of the body as they are, inflated.</summary>
    public static async ValueTask<byte[]> ReadBytesAsync(HttpRequest request, int limit)
    {
        if (request.ContentLength > limit)
            throw TooLarge();
        try
        {
            // The host may have put an inflating stream in the body's place; then the header is gone.
            var encoding = request.Headers.ContentEncoding.ToString();
            if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
                return await ReadPlainAsync(request.BodyReader, limit, request.HttpContext.RequestAborted);
            await using Stream inflated = encoding.ToLowerInvariant() switch
            {
                "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
                _ => throw ParseError.BadBody($"unsupported content encoding \"{encoding}\"", 415),
            };
            return await ReadPlainAsync(PipeReader.Create(inflated), limit, request.HttpContext.RequestAborted);
        }
        catch (InvalidDataException)
        {
            throw ParseError.BadBody("incorrect header check");
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // What the server's own reader of chunks makes of a size that no number holds.
            throw ParseError.BadBody(e.Message);
        }
    }

    private static async ValueTask<RequestBody> ReadSlowlyAsync(HttpRequest request, ParseCompatOptions options)
    {
        var type = request.ContentType ?? "";
        if (type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            return RequestBody.Empty;
        var bytes = await ReadBytesAsync(request, options.MaxBodyBytes);
        if (!type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) || bytes.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'{', ..])
            return RequestBody.Read(bytes, options.MaxJsonDepth);
        return RequestBody.FromForm((await ReadFormAsync(bytes, request.HttpContext.RequestAborted)).Select(f => new KeyValuePair<string, string>(f.Key, f.Value[^1] ?? "")), options.MaxJsonDepth);
    }

    private static async ValueTask<Dictionary<string, StringValues>> ReadFormAsync(byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            using var form = new FormReader(new MemoryStream(bytes));
            return await form.ReadFormAsync(cancellation);
        }
        catch (InvalidDataException e)
        {
            throw ParseError.BadBody(e.Message); // more keys, or longer ones, than a form may have
        }
    }

    private static async ValueTask<byte[]> ReadPlainAsync(PipeReader reader, int limit, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            if (read.Buffer.Length > limit)
                throw TooLarge();
            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static bool MayHaveBody(HttpRequest request) => request.Protocol is "HTTP/2" or "HTTP/3" && !HttpMethods.IsGet(request.Method);

    private static ParseError TooLarge() => ParseError.BadBody("request entity too large", 413);
}
