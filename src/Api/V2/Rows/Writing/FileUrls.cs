namespace Backend.Api.V2.Rows.Writing;

/// <summary>Where clients fetch files: <c>Files:Url</c>, or below this API at the address by which the client called it.</summary>
internal sealed class FileUrls
{
    public const string Setting = "Files:Url";

    private readonly string _base;

    public FileUrls(HttpRequest request, IConfiguration configuration)
    {
        var configured = configuration[Setting];
        _base = string.IsNullOrEmpty(configured) ? $"{request.Scheme}://{request.Host}/api/v2/files/" : configured.TrimEnd('/') + "/";
    }

    /// <summary>The address of a stored file.</summary>
    public string Of(string name) => _base + string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
}
