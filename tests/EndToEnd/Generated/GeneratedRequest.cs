using System.Text;

namespace Backend.EndToEnd.Generated;

/// <summary>One request that was made up.</summary>
/// <param name="Method">The method.</param>
/// <param name="PathAndQuery">What stands in the request line.</param>
/// <param name="Body">The body; null: none.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Headers">Further headers.</param>
public sealed record GeneratedRequest(string Method, string PathAndQuery, byte[]? Body, string? ContentType, IReadOnlyList<(string Name, string Value)> Headers)
{
    private const int Shown = 600;

    /// <summary>Whether it may change rows.</summary>
    public bool MayWrite => Method != "GET" || Body is not null;

    public HttpRequestMessage ToMessage(string server)
    {
        var message = new HttpRequestMessage(new HttpMethod(Method), new Uri(server + PathAndQuery, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body);
            if (ContentType is not null)
                message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        foreach (var (name, value) in Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        return message;
    }

    /// <summary>As a reader can repeat it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Method} {Cut(PathAndQuery)}");
        foreach (var (name, value) in Headers)
            text.Append($"\n    {name}: {Cut(value)}");
        if (Body is not null)
            text.Append($"\n    ({ContentType}, {Body.Length} bytes) {Cut(Encoding.Latin1.GetString(Body.AsSpan(0, Math.Min(Shown, Body.Length))))}");
        return text.ToString();
    }

    private static string Cut(string text) => text.Length <= Shown ? text : text[..Shown] + "…";
}
