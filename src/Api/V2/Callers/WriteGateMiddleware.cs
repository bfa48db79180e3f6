using Backend.Data.Catalog;

namespace Backend.Api.V2.Callers;

/// <summary>While writes are closed (<see cref="WriteSwitch"/>) refuses every request that is no read; what it overlooks the database refuses.</summary>
internal sealed class WriteGateMiddleware(RequestDelegate next, LiveCatalog catalog)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var method = context.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method)
            && (await catalog.GetAsync(context.RequestAborted)).WritesClosed)
            throw WriteSwitch.Refused();
        await next(context);
    }
}
