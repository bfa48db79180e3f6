using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Backend.Api.V2.Problems;

/// <summary>Writes a problem: RFC 9457's members and PostgREST's in one body.</summary>
internal static class ProblemWriter
{
    private const string MediaType = "application/problem+json";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        response.ContentType = problem.OAuthError is null ? MediaType : "application/json";
        response.Headers.CacheControl = "no-store";
        foreach (var (name, value) in problem.Headers)
            response.Headers[name] = value;
        if (HttpMethods.IsHead(context.Request.Method))
            return;

        await using var json = new Utf8JsonWriter(response.BodyWriter, Options);
        json.WriteStartObject();
        if (problem.OAuthError is not null)
        {
            json.WriteString("error", problem.OAuthError);
            json.WriteString("error_description", problem.Message);
        }

        json.WriteString("type", "about:blank");
        json.WriteString("title", ReasonPhrases.GetReasonPhrase(problem.Status));
        json.WriteNumber("status", problem.Status);
        json.WriteString("detail", problem.Details ?? problem.Message);
        json.WriteString("code", problem.Code);
        json.WriteString("message", problem.Message);
        json.WriteString("details", problem.Details);
        json.WriteString("hint", problem.Hint);
        json.WriteString("requestId", context.TraceIdentifier);
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }
}
