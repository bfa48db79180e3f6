using System.Buffers;

namespace Backend.Api.Hosting;

/// <summary>
/// Gives each request an id: the one that nginx sent in X-Request-Id, else a new one. It stands in the answer, in problem bodies and beside every
/// log line of the request.
/// </summary>
internal sealed class RequestIdMiddleware(RequestDelegate next, ILogger<RequestIdMiddleware> log)
{
    private const string Header = "X-Request-Id";
    private const int LongestId = 64;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_");

    public async Task InvokeAsync(HttpContext context)
    {
        // An id with other characters could forge log lines.
        var sent = context.Request.Headers[Header].ToString();
        if (sent.Length is > 0 and <= LongestId && !sent.AsSpan().ContainsAnyExcept(Allowed))
            context.TraceIdentifier = sent;
        else
            context.TraceIdentifier = Guid.CreateVersion7().ToString("N");

        context.Response.Headers[Header] = context.TraceIdentifier;
        // The host's own scope took the identifier before it was set.
        using (log.BeginRequest(context.TraceIdentifier))
            await next(context);
    }
}
