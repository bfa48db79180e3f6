using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Backend.Api.V2.Problems;

/// <summary>Writes a problem: RFC 9457's members and PostgREST's in one body.</summary>
internal static class ProblemWriter
{
    private const string MediaType = "application/problem+json";

    public static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        response.ContentType = MediaType;
        response.Headers.CacheControl = "no-store";
        foreach (var (name, value) in problem.Headers)
            response.Headers[name] = value;
        if (HttpMethods.IsHead(context.Request.Method))
            return;

        await using var json = new Utf8JsonWriter(response.BodyWriter);
        json.WriteStartObject();
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
