using Backend.Api.V2.Problems;
using Microsoft.Net.Http.Headers;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>The form of the answer that the Accept header asks for.</summary>
/// <param name="Singular">One object instead of an array; any other number of rows is an error.</param>
/// <param name="StripNulls">Members that are null are left out.</param>
internal readonly record struct Representation(bool Singular, bool StripNulls)
{
    public const string Json = "application/json; charset=utf-8";
    private const string ObjectType = "application/vnd.pgrst.object+json";
    private const string ArrayType = "application/vnd.pgrst.array+json";

    public string ContentType => (Singular, StripNulls) switch
    {
        (true, true) => ObjectType + "; nulls=stripped; charset=utf-8",
        (true, false) => ObjectType + "; charset=utf-8",
        (false, true) => ArrayType + "; nulls=stripped; charset=utf-8",
        _ => Json,
    };

    public static Representation Read(HttpRequest request)
    {
        var accept = request.Headers.Accept;
        if (accept.Count == 0 || accept is [""])
            return default;
        if (accept is ["application/json" or "*/*"])
            return default;
        if (!MediaTypeHeaderValue.TryParseList(accept, out var types))
            throw Unserved(accept.ToString());

        foreach (var type in types.OrderByDescending(t => t.Quality ?? 1))
        {
            var nulls = type.Parameters.Any(p => p.Name.Equals("nulls", StringComparison.OrdinalIgnoreCase) && p.Value.Equals("stripped", StringComparison.OrdinalIgnoreCase));
            if (type.MediaType.Equals(ObjectType, StringComparison.OrdinalIgnoreCase))
                return new Representation(true, nulls);
            if (type.MediaType.Equals(ArrayType, StringComparison.OrdinalIgnoreCase))
                return new Representation(false, nulls);
            if (type.MediaType.Value is "*/*" or "application/*" or "application/json" or "application/problem+json")
                return default;
        }

        throw Unserved(accept.ToString());
    }

    private static Problem Unserved(string accept) =>
        new(406, ProblemCodes.MediaType, $"None of these media types are available: {accept}", null, $"Served are application/json and {ObjectType}.");
}
