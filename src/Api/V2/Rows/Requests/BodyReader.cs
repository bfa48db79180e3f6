using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;
using Backend.Api.V2.Problems;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>A member of a row in a body: its name and the JSON of its value.</summary>
internal readonly record struct BodyMember(string Name, ReadOnlyMemory<byte> Json);

/// <summary>A row in a body.</summary>
internal sealed record BodyRow(IReadOnlyList<BodyMember> Members);

/// <summary>Reads bodies: an object, or (for inserts) an array of objects. Knows no tables; values stay as they came.</summary>
internal static class BodyReader
{
    public static async Task<IReadOnlyList<BodyRow>> ReadAsync(HttpRequest request, bool allowArray, CancellationToken cancellation)
    {
        if (request.ContentType is { } type && !type.Contains("json", StringComparison.OrdinalIgnoreCase))
            throw new Problem(415, ProblemCodes.Body, $"Content-Type not acceptable: {type}", "Rows are written as application/json.");
        var bytes = await ReadAllAsync(request.BodyReader, cancellation);
        try
        {
            return Read(bytes, allowArray);
        }
        catch (JsonException e)
        {
            throw new Problem(400, ProblemCodes.Body, "Empty or invalid json", e.Message);
        }
    }

    internal static IReadOnlyList<BodyRow> Read(ReadOnlyMemory<byte> bytes, bool allowArray)
    {
        if (!Utf8.IsValid(bytes.Span))
            throw new JsonException("The body is not valid UTF-8.");
        var reader = new Utf8JsonReader(bytes.Span, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        if (!reader.Read())
            throw new JsonException("The body is empty.");
        var rows = new List<BodyRow>();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            rows.Add(ReadRow(ref reader, bytes));
        }
        else if (allowArray && reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new JsonException("Every element must be an object.");
                rows.Add(ReadRow(ref reader, bytes));
            }
        }
        else
        {
            throw new JsonException(allowArray ? "An object or an array of objects is expected." : "An object is expected.");
        }

        return reader.Read() ? throw new JsonException("Something follows the JSON.") : rows;
    }

    private static BodyRow ReadRow(ref Utf8JsonReader reader, ReadOnlyMemory<byte> bytes)
    {
        var members = new List<BodyMember>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NestedJson.ReadString(ref reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var member = new BodyMember(name, bytes[start..(int)reader.BytesConsumed]);
            var before = members.FindIndex(m => m.Name == name); // of equal names the last counts
            if (before < 0)
                members.Add(member);
            else
                members[before] = member;
        }

        return new BodyRow(members);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(PipeReader body, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        try
        {
            await body.CopyToAsync(bytes, cancellation);
        }
        catch (InvalidDataException e)
        {
            throw new Problem(400, ProblemCodes.Body, "The body is not what its Content-Encoding says", e.Message);
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // What the server's own reader of chunks makes of a size that no number holds.
            throw new Problem(400, ProblemCodes.Body, e.Message);
        }

        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }
}
