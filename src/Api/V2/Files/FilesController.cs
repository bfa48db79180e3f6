using Backend.Api.V2.Callers;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Writing;
using Backend.Data;
using Backend.Data.Files;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Backend.Api.V2.Files;

/// <summary>Files by name: whoever knows a name reads the file, users store new ones, administrators delete.</summary>
[ApiController]
[Route("api/v{version:apiVersion}/files")]
[Tags("files")]
internal sealed class FilesController(IFileStore store, IOptions<FilesOptions> options, IConfiguration configuration) : ControllerBase
{
    private const int MaxNameLength = 128;

    /// <summary>A stored file.</summary>
    /// <param name="Name">What a row's file field is set to.</param>
    /// <param name="Url">Where it is.</param>
    public sealed record StoredFile(string Name, string Url);

    /// <summary>A file, or the range of it that is asked for.</summary>
    [HttpGet("{**name}")]
    [HttpHead("{**name}")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IResult> Download(string name, CancellationToken cancellation)
    {
        var type = MediaTypes.Of(name) ?? MediaTypes.ForSending(name, await store.ReadDetailsAsync(name, cancellation));
        if (await store.OpenAsync(name, cancellation) is not { } file)
            throw new Problem(404, ProblemCodes.RowNotFound, "There is no such file.");
        Response.Headers.XContentTypeOptions = "nosniff";
        if (!options.Value.ShowActiveContent && MediaTypes.IsActive(type))
        {
            // A script in it must not run as a page of this server.
            Response.Headers.ContentDisposition = "attachment";
            Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        }

        return Results.Stream(file.Content, type, lastModified: null, entityTag: new EntityTagHeaderValue($"\"{file.Version}\""), enableRangeProcessing: true);
    }

    /// <summary>Stores the body as a file under a name that begins with random digits and ends with the given one. Needs a user.</summary>
    [HttpPost("{name}")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IActionResult> Upload(string name, CancellationToken cancellation)
    {
        var caller = HttpContext.Caller();
        if (caller.IsReadOnly)
            throw new Problem(403, ProblemCodes.Permission, "The caller may only read.");
        if (caller.UserId is null && !caller.IsAdministrator)
            throw new Problem(401, ProblemCodes.Anonymous, "A user's bearer token is needed.") { Headers = [new("WWW-Authenticate", "Bearer")] };
        if (name.Length > MaxNameLength || name.Contains('/', StringComparison.Ordinal) || !FileName.IsStorable(name))
            throw new Problem(400, ProblemCodes.Value, "A file cannot have this name.");
        var given = string.IsNullOrEmpty(Request.ContentType) ? null : Request.ContentType;
        if (!name.Contains('.', StringComparison.Ordinal) && MediaTypes.ExtensionOf(given) is { } extension)
            name = $"{name}.{extension}";
        if (!caller.IsAdministrator && MediaTypes.Of(name) is { } type && MediaTypes.IsActive(type))
            throw new Problem(400, ProblemCodes.Value, "Files that browsers may run scripts of are not let in.");

        // The store counts; the server's own limit would cut the connection before the refusal is read.
        if (HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        name = FileName.NewPrefix() + name;
        try
        {
            await store.SaveAsync(name, Request.Body, new FileDetails(given), options.Value.MaxBytes, cancellation);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.LimitExceeded)
        {
            throw new Problem(413, ProblemCodes.TooLarge, refusal.Message);
        }

        var url = new FileUrls(Request, configuration).Of(name);
        return Created(url, new StoredFile(name, url));
    }

    /// <summary>Deletes a file. For administrators.</summary>
    [HttpDelete("{**name}")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IActionResult> Delete(string name, CancellationToken cancellation)
    {
        var caller = HttpContext.Caller();
        if (!caller.IsAdministrator || caller.IsReadOnly)
            throw new Problem(403, ProblemCodes.Permission, "Only an administrator deletes files.");
        return await store.DeleteAsync(name, cancellation) ? NoContent() : throw new Problem(404, ProblemCodes.RowNotFound, "There is no such file.");
    }
}
