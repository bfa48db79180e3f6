using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Wire;

/// <summary>Writes the rows of an answer; calls <see cref="JsonOutput.BreatheAsync"/> between them.</summary>
internal delegate ValueTask BodyWriter(JsonOutput output, CancellationToken cancellation);

/// <summary>
/// A route's answer: status, headers and a body that is written later, into the HTTP response or, for a batch, into a buffer.
/// What can be refused has been refused before an answer is made.
/// </summary>
internal sealed class ParseResponse
{
    private readonly Action<Utf8JsonWriter>? _write;
    private readonly BodyWriter? _stream;

    private ParseResponse(int status, Action<Utf8JsonWriter>? write, BodyWriter? stream)
    {
        Status = status;
        _write = write;
        _stream = stream;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The Location header, an absolute address, or null.</summary>
    public string? Location { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>A body that is no JSON (a page), with <see cref="ContentType"/>; null for JSON.</summary>
    public ReadOnlyMemory<byte>? Content { get; private init; }

    /// <summary>The type of <see cref="Content"/>.</summary>
    public string? ContentType { get; private init; }

    /// <summary>What writes the whole answer; null: this does.</summary>
    public IResult? Result { get; private init; }

    /// <summary>200 with <c>{}</c>.</summary>
    public static ParseResponse Empty { get; } = Json(200, static writer =>
    {
        writer.WriteStartObject();
        writer.WriteEndObject();
    });

    /// <summary>A JSON body written at once.</summary>
    public static ParseResponse Json(int status, Action<Utf8JsonWriter> write, string? location = null) => new(status, write, null) { Location = location };

    /// <summary>A 200 whose JSON body is written as it is read.</summary>
    public static ParseResponse Stream(BodyWriter stream) => new(200, null, stream);

    /// <summary>A body that is no JSON.</summary>
    public static ParseResponse Raw(int status, string contentType, ReadOnlyMemory<byte> content, IReadOnlyList<KeyValuePair<string, string>>? headers = null) =>
        new(status, null, null) { Content = content, ContentType = contentType, Headers = headers ?? [] };

    /// <summary>A body that the result writes itself, with its status and headers (files, with their ranges).</summary>
    public static ParseResponse Of(IResult result) => new(200, null, null) { Result = result };

    /// <summary>302 to another page, with Express's own text.</summary>
    public static ParseResponse Redirect(string location) =>
        new(302, null, null) { Location = location, Content = Encoding.UTF8.GetBytes($"Found. Redirecting to {location}"), ContentType = "text/plain; charset=utf-8" };

    /// <summary>An error's body.</summary>
    public static ParseResponse Error(ParseError error) => Json(error.Status, writer => WriteError(writer, error));

    /// <summary>Writes <c>{"code":…,"error":…}</c>.</summary>
    public static void WriteError(Utf8JsonWriter writer, ParseError error)
    {
        writer.WriteStartObject();
        if (error.Code is { } code)
            writer.WriteNumber("code"u8, code);
        writer.WritePropertyName("error"u8);
        if (error.ErrorJson is { } json)
            writer.WriteRawValue(json, skipInputValidation: true);
        else
            JsonText.Write(writer, error.Message);
        writer.WriteEndObject();
    }

    /// <summary>Writes a JSON body that is written at once as a part of another.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (_write is null)
            throw new InvalidOperationException("Only a body that is written at once can be a part of another.");
        _write(writer);
    }

    /// <summary>Writes the JSON body.</summary>
    public ValueTask WriteAsync(JsonOutput output, CancellationToken cancellation)
    {
        if (_stream is not null)
            return _stream(output, cancellation);
        _write?.Invoke(output.Json);
        return ValueTask.CompletedTask;
    }
}
