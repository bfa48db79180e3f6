using System.Runtime.InteropServices;
using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Batch;

/// <summary>One entry of a batch's <c>requests</c> as it came (contract section 24).</summary>
internal sealed record BatchItem(string Method, string Path, string QueryString, JsonElement? Body)
{
    /// <summary>Decoded segments of the path.</summary>
    public string[] Segments { get; } = RouteTable.Split(Path);

    /// <summary>See <see cref="ParseRequest.AddsFields"/>.</summary>
    public bool AddsFields { get; set; }

    /// <summary>Reads all entries.</summary>
    /// <param name="requests">The value of <c>requests</c>.</param>
    /// <param name="belowMount">Takes the mount off a path; null: the path is not the dialect's.</param>
    /// <exception cref="ParseError">107: the whole batch is refused.</exception>
    public static List<BatchItem> Read(JsonElement? requests, Func<string, string?> belowMount)
    {
        if (requests is not { ValueKind: JsonValueKind.Array } list)
            throw new ParseError(ErrorCode.InvalidJson, "requests must be an array");
        var items = new List<BatchItem>(list.GetArrayLength());
        foreach (var entry in list.EnumerateArray())
        {
            if (Text(entry, "path") is not { } path)
                throw new ParseError(ErrorCode.InvalidJson, "batch request path must be a string");
            // The old server took the query string for a part of the class's name.
            var question = path.IndexOf('?', StringComparison.Ordinal);
            var bare = question < 0 ? path : path[..question];
            if (belowMount(bare) is not { } below)
                throw new ParseError(ErrorCode.InvalidJson, $"cannot route batch path {path}");
            if (below.Trim('/').Equals("batch", StringComparison.OrdinalIgnoreCase))
                throw new ParseError(ErrorCode.InvalidJson, "nested batch requests are not allowed");
            items.Add(new BatchItem(Text(entry, "method") ?? "undefined", below, question < 0 ? "" : path[question..],
                entry.TryGetProperty("body", out var body) && body.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? body : null));
        }

        return items;
    }

    /// <summary>The body as a request of its own would have it.</summary>
    public RequestBody ReadBody(int maxDepth) => Body is { } body ? RequestBody.Read(JsonMarshal.GetRawUtf8Value(body).ToArray(), maxDepth) : RequestBody.Empty;

    private static string? Text(JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? JsonText.Read(value) : null;
}
