using Backend.Data.Limits;

namespace Backend.Api.V2.Problems;

/// <summary>
/// Turns what was thrown, and what ended with a status but no body, into a problem. Once a body has begun the connection is aborted: an answer that
/// was cut off never looks whole.
/// </summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log, FailureBudget failures)
{
    /// <summary>nginx's status for a client that went away; nobody reads it.</summary>
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        var response = context.Response;
        try
        {
            await next(context);
            if (response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
                await ProblemWriter.WriteAsync(context, ProblemMapping.Of(response.StatusCode, context.Request.Path, context.Request.Method));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!response.HasStarted)
                response.StatusCode = ClientClosedRequest;
        }
        catch (Exception e)
        {
            var problem = ProblemMapping.Of(e, context.Request.Headers.Authorization.Count > 0);
            if ((problem is null || response.HasStarted) && failures.TryTake(out var leftOut))
                log.RequestFailed(e, context.Request.Method, context.TraceIdentifier, leftOut);
            if (response.HasStarted)
            {
                context.Abort();
                return;
            }

            Forget(response);
            await ProblemWriter.WriteAsync(context, problem ?? new Problem(500, ProblemCodes.Internal, "Internal error.", $"Request id: {context.TraceIdentifier}"));
        }
    }

    /// <summary>Drops headers that belonged to the answer that was not to be; CORS and the request id stay.</summary>
    private static void Forget(HttpResponse response)
    {
        var headers = response.Headers;
        headers.ContentLength = null;
        headers.ContentRange = headers.ETag = headers.LastModified = headers.Location = headers.Link = headers.ContentEncoding = default;
        headers.Remove("Preference-Applied");
        headers.Remove("Range-Unit");
    }
}
