using System.Text;
using System.Text.Json;

namespace Backend.ParseCompat.Wire;

/// <summary>
/// A request's body as UTF-8: a JSON object or array that was checked to be well formed, or nothing. Keys that belong to the frame
/// (<c>_method</c>, <c>_ApplicationId</c> …, contract 2.2) are not among its properties: they are stripped wherever the application id came
/// from, since no SDK depends on the error.
/// </summary>
internal sealed class RequestBody
{
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();
    private readonly byte[] _json;
    private readonly int _maxDepth;
    private JsonElement? _root;

    private RequestBody(byte[] json, int maxDepth, Envelope envelope, bool isObject)
    {
        _json = json;
        _maxDepth = maxDepth;
        Keys = envelope;
        IsObject = isObject;
    }

    /// <summary>No body: an empty object.</summary>
    public static RequestBody Empty { get; } = new(EmptyObject, 64, new Envelope(), true);

    /// <summary>Whether the body is an object; an array counts as an object without properties.</summary>
    public bool IsObject { get; }

    /// <summary>The frame's own keys.</summary>
    public Envelope Keys { get; }

    /// <summary>The whole JSON text, <c>{}</c> for an array.</summary>
    public ReadOnlySpan<byte> Json => IsObject ? _json : EmptyObject;

    /// <summary>The whole JSON text as it came, an array too.</summary>
    public ReadOnlySpan<byte> Raw => _json;

    /// <summary>The body as an element: an object. Parsed on first use.</summary>
    public JsonElement Root => _root ??= Parse(IsObject ? _json : EmptyObject, _maxDepth);

    /// <summary>A reader over <see cref="Json"/>, before its first token.</summary>
    public Utf8JsonReader Reader() => new(Json, new JsonReaderOptions { MaxDepth = _maxDepth });

    /// <summary>The value of a property (the last one of that name), or null when it is absent or a key of the frame.</summary>
    public JsonElement? Get(string name) => !Envelope.Owns(name) && Root.TryGetProperty(name, out var value) ? value : null;

    /// <summary>The text of a property, or null when it is absent or not a text.</summary>
    public string? GetText(string name) => Get(name) is { ValueKind: JsonValueKind.String } value ? JsonText.Read(value) : null;

    /// <summary>The properties that are not the frame's.</summary>
    public IEnumerable<JsonProperty> Properties()
    {
        foreach (var property in Root.EnumerateObject())
        {
            if (!Envelope.Owns(property.Name))
                yield return property;
        }
    }

    /// <summary>Checks a JSON text and notes the frame's keys.</summary>
    /// <exception cref="ParseError">400 without code: not JSON, a scalar, or nested too deeply.</exception>
    public static RequestBody Read(byte[] json, int maxDepth)
    {
        if (json.Length == 0)
            return Empty;
        if (!System.Text.Unicode.Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json)); // each invalid byte becomes U+FFFD, as in Node
        if (json.AsSpan().StartsWith("\uFEFF"u8))
            json = json[3..];
        JsonText.MendNames(json);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        try
        {
            var envelope = new Envelope();
            reader.Read();
            if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
                throw ParseError.BadBody("Unexpected token in JSON at position 0");
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            if (isObject)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var own = !reader.ValueIsEscaped && reader.ValueSpan is [(byte)'_', ..];
                    var name = own ? Envelope.Match(reader.ValueSpan) : null;
                    reader.Read();
                    if (name is not null)
                        envelope.Note(name, ref reader);
                    else
                        reader.Skip();
                }
            }
            else
            {
                reader.Skip();
            }

            if (reader.Read())
                throw ParseError.BadBody("Unexpected token in JSON");
            return new RequestBody(json, maxDepth, envelope, isObject);
        }
        catch (JsonException e)
        {
            throw ParseError.BadBody(reader.CurrentDepth >= maxDepth
                ? "JSON is nested too deeply"
                : $"Unexpected token in JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine}");
        }
    }

    /// <summary>Makes a body of the fields of a form, all texts; the last one of a name counts.</summary>
    public static RequestBody FromForm(IEnumerable<KeyValuePair<string, string>> fields, int maxDepth)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in fields)
                writer.WriteString(name, value);
            writer.WriteEndObject();
        }

        return Read(stream.ToArray(), maxDepth);
    }

    private static JsonElement Parse(byte[] json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        return JsonElement.ParseValue(ref reader);
    }
}

/// <summary>The frame's keys in a body (contract 2.1, last column).</summary>
internal sealed class Envelope
{
    private static readonly string[] Names =
    [
        "_method", "_ApplicationId", "_JavaScriptKey", "_SessionToken", "_InstallationId", "_ClientVersion", "_MasterKey", "_context",
        "_ContentType", "_RevocableSession", "_noBody", "_ClientKey",
    ];

    private static readonly byte[][] NamesUtf8 = [.. Names.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The method that stands for POST; null: none was given as a text.</summary>
    public string? Method { get; private set; }

    /// <summary>The application id, when it is a text.</summary>
    public string? ApplicationId { get; private set; }

    /// <summary>The JavaScript key, when it is a text.</summary>
    public string? JavaScriptKey { get; private set; }

    /// <summary>The session token, when it is a text.</summary>
    public string? SessionToken { get; private set; }

    /// <summary>The installation id, when it is a text.</summary>
    public string? InstallationId { get; private set; }

    /// <summary>The client version, when it is a text.</summary>
    public string? ClientVersion { get; private set; }

    /// <summary>The master key, when it is a text.</summary>
    public string? MasterKey { get; private set; }

    /// <summary>The content type of an upload.</summary>
    public string? ContentType { get; private set; }

    /// <summary>The context for cloud code: an object, or the text of one.</summary>
    public JsonElement? Context { get; private set; }

    /// <summary>A credential that is no text: the request is refused as unauthorized.</summary>
    public bool HasBadCredential { get; private set; }

    /// <summary>A session token that is no text: it is nobody's.</summary>
    public bool HasBadSessionToken { get; private set; }

    /// <summary>Whether a property belongs to the frame.</summary>
    public static bool Owns(string name) => name.Length > 0 && name[0] == '_' && Array.IndexOf(Names, name) >= 0;

    /// <summary>Whether a property belongs to the frame.</summary>
    public static bool Owns(ReadOnlySpan<byte> name) => name is [(byte)'_', ..] && Match(name) is not null;

    internal static string? Match(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < NamesUtf8.Length; i++)
        {
            if (name.SequenceEqual(NamesUtf8[i]))
                return Names[i];
        }

        return null;
    }

    internal void Note(string name, ref Utf8JsonReader reader)
    {
        if (name == "_context")
        {
            Context = JsonElement.ParseValue(ref reader);
            return;
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            var isSet = reader.TokenType is not (JsonTokenType.Null or JsonTokenType.False);
            HasBadCredential |= isSet && name is "_InstallationId" or "_MasterKey" or "_ContentType";
            HasBadSessionToken |= isSet && name == "_SessionToken";
            reader.Skip();
            return;
        }

        var text = JsonText.Read(ref reader);
        switch (name)
        {
            case "_method": Method = text; break;
            case "_ApplicationId": ApplicationId = text; break;
            case "_JavaScriptKey": JavaScriptKey = text; break;
            case "_SessionToken": SessionToken = text; break;
            case "_InstallationId": InstallationId = text; break;
            case "_ClientVersion": ClientVersion = text; break;
            case "_MasterKey": MasterKey = text; break;
            case "_ContentType": ContentType = text; break;
        }
    }
}
