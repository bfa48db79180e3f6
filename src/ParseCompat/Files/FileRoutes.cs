using System.Globalization;
using Backend.Data;
using Backend.Data.Accounts;
using Backend.Data.Files;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Backend.ParseCompat.Files;

/// <summary>Uploading, fetching and deleting files (contract section 19).</summary>
internal sealed class FileRoutes : IRouteSource
{
    private readonly IFileStore _store;
    private readonly FileUrls _urls;
    private readonly UploadRules _rules;
    private readonly ParseCompatOptions _options;
    private readonly FileUploadOptions _uploads;
    private readonly KeywordDenylist _denylist;
    private readonly FilesOptions _files;
    private readonly TriggerRunner _triggers;
    private readonly ILogger<FileRoutes> _logger;

    public FileRoutes(
        IFileStore store, FileUrls urls, AccountService accounts, KeywordDenylist denylist, IOptions<ParseCompatOptions> options, IOptions<FileUploadOptions> uploads, IOptions<FilesOptions> files,
        TriggerRunner triggers, ILogger<FileRoutes> logger)
    {
        (_store, _urls, _denylist, _options, _uploads, _files, _triggers, _logger) = (store, urls, denylist, options.Value, uploads.Value, files.Value, triggers, logger);
        _rules = new UploadRules(_uploads, accounts);
    }

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("POST", "/files", _ => throw new ParseError(ErrorCode.InvalidFileName, "Filename not provided."), RouteRules.Open | RouteRules.Raw);
        routes.Map("POST", "/files/:filename", UploadAsync, RouteRules.Raw);
        routes.Map("DELETE", "/files/:filename*", DeleteAsync, RouteRules.Master | RouteRules.Raw);
        routes.Map("GET", "/files/:appId/metadata/:filename*", MetadataAsync, RouteRules.Open | RouteRules.Raw);
        routes.Map("GET", "/files/:appId/:filename*", DownloadAsync, RouteRules.Open | RouteRules.Raw);
    }

    private async ValueTask<ParseResponse> UploadAsync(ParseRequest request)
    {
        await _rules.RequireUploaderAsync(request);
        var upload = await Upload.ReadAsync(request, MaxBytes(request));
        if (upload.IsEmpty && !_uploads.AllowEmpty)
            throw new ParseError(ErrorCode.FileSaveError, "Invalid file upload.");
        foreach (var details in new[] { upload.Details.Metadata, upload.Details.Tags })
        {
            if (details is { } json)
                _denylist.Check(json);
        }

        var given = request["filename"];
        UploadRules.CheckName(given);
        if (!request.IsMaster)
            _rules.CheckExtension(given, upload.Details.ContentType);
        var name = Name(request, given, upload.Details.ContentType);
        var size = request.Http.Request.ContentLength;
        await _triggers.FileAsync(Triggers.BeforeSave, new FileNotice(given, null, size, upload.Details, ErrorCode.FileSaveError), request);
        try
        {
            await _store.SaveAsync(name, upload.Content, upload.Details, MaxBytes(request), request.Aborted);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.LimitExceeded)
        {
            throw ParseError.BadBody("request entity too large", 413);
        }
        catch (InvalidDataException)
        {
            throw ParseError.BadBody("incorrect header check");
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException and not BadHttpRequestException && !request.Aborted.IsCancellationRequested))
        {
            Log.FileNotStored(_logger, e, request.Http.TraceIdentifier);
            throw new ParseError(ErrorCode.FileSaveError, $"Could not store file: {given}.");
        }

        var url = _urls.For(name);
        await _triggers.FileAsync(Triggers.AfterSave, new FileNotice(name, url, size, upload.Details, ErrorCode.FileSaveError), request);
        return ParseResponse.Json(201, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("url"u8, url);
            writer.WriteString("name"u8, name);
            writer.WriteEndObject();
        }, url);
    }

    private async ValueTask<ParseResponse> DeleteAsync(ParseRequest request)
    {
        if (request.Caller.IsReadOnly)
            throw UploadRules.ReadOnly("delete");
        var name = request["filename"];
        var notice = new FileNotice(name, _urls.For(name), null, null, ErrorCode.FileDeleteError);
        await _triggers.FileAsync(Triggers.BeforeDelete, notice, request);
        if (!await _store.DeleteAsync(name, request.Aborted))
            throw new ParseError(ErrorCode.FileDeleteError, "FileNotFound");
        await _triggers.FileAsync(Triggers.AfterDelete, notice, request);
        return ParseResponse.Raw(200, "text/plain; charset=utf-8", ReadOnlyMemory<byte>.Empty);
    }

    private async ValueTask<ParseResponse> MetadataAsync(ParseRequest request)
    {
        var details = request["appId"] == _options.ApplicationId ? await _store.ReadDetailsAsync(request["filename"], request.Aborted) : null;
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            if (details is not null)
            {
                writer.WritePropertyName("metadata"u8);
                if (details.Metadata is { } metadata)
                {
                    metadata.WriteTo(writer);
                }
                else
                {
                    writer.WriteStartObject();
                    writer.WriteEndObject();
                }
            }

            writer.WriteEndObject();
        });
    }

    private async ValueTask<ParseResponse> DownloadAsync(ParseRequest request)
    {
        if (request["appId"] != _options.ApplicationId)
            throw new ParseError(ErrorCode.OperationForbidden, "Invalid application ID.", 403);
        var name = request["filename"];
        var type = MediaTypes.Of(name) ?? MediaTypes.ForSending(name, await _store.ReadDetailsAsync(name, request.Aborted));
        if (await _store.OpenAsync(name, request.Aborted) is not { } file)
            return ParseResponse.Raw(404, "text/plain", "File not found."u8.ToArray());
        var headers = request.Http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (!_files.ShowActiveContent && MediaTypes.IsActive(type))
        {
            headers.ContentDisposition = "attachment";
            headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        }

        // No Last-Modified: the .NET SDK sends If-Modified-Since with everything and cannot read a 304 (contract 30.2).
        return ParseResponse.Of(Results.Stream(file.Content, MediaTypes.WithCharset(type), lastModified: null, entityTag: new EntityTagHeaderValue($"\"{file.Version}\""), enableRangeProcessing: true));
    }

    /// <summary>The name to store under: with an extension, unguessable unless file names are kept, in the folder that a server's own code asks for.</summary>
    private string Name(ParseRequest request, string given, string? contentType)
    {
        var name = given.Contains('.', StringComparison.Ordinal) || MediaTypes.ExtensionOf(contentType) is not { } extension ? given : $"{given}.{extension}";
        if (!_options.PreserveFileName)
            name = FileName.NewPrefix() + name;
        var folder = request.Http.Request.Headers["X-Parse-File-Directory"].ToString();
        if (folder.Length == 0)
            return name;
        if (!request.IsMaster)
            throw new ParseError(ErrorCode.OperationForbidden, "Only the master key may choose the directory of a file.");
        name = $"{folder.Trim('/')}/{name}";
        return FileName.IsStorable(name) ? name : throw new ParseError(ErrorCode.InvalidFileName, "Directory contains invalid characters.");
    }

    private long MaxBytes(ParseRequest request) =>
        request.IsMaster && long.TryParse(request.Http.Request.Headers["X-Parse-File-Max-Upload-Size"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked > 0
            ? asked
            : _files.MaxBytes;
}
