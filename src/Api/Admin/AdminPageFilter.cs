using System.Buffers.Text;
using System.Text;

namespace Backend.Api.Admin;

/// <summary>
/// Lets an administrator, and nobody else, at a page: HTTP Basic, any user name, the key as password. A POST must come from a page of
/// ours: browsers send these credentials along with whatever another site submits.
/// </summary>
internal sealed class AdminPageFilter(AdminAccess access) : IEndpointFilter
{
    private const string Scheme = "Basic ";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        PageHeaders.Set(http.Response);
        if (!access.IsConfigured)
            return Refuse(StatusCodes.Status404NotFound, "There is no administrator: set Admin:Key.");
        if (!access.IsAllowedAddress(http))
            return Refuse(StatusCodes.Status403Forbidden, "Not from this address (see Admin:AllowedAddresses).");
        if (!access.IsKey(Password(http.Request.Headers.Authorization.ToString())))
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"Administration\", charset=\"UTF-8\"";
            return Refuse(StatusCodes.Status401Unauthorized, "The administrator's key is the password; any user name will do.");
        }

        return HttpMethods.IsPost(http.Request.Method) && !IsFromOurPage(http.Request)
            ? Refuse(StatusCodes.Status403Forbidden, "This form was not sent by a page of ours.")
            : await next(context);
    }

    private static IResult Refuse(int status, string sentence) => Results.Text(sentence + "\n", "text/plain", Encoding.UTF8, status);

    private static bool IsFromOurPage(HttpRequest request) => request.Headers.Origin is [{ } origin]
        && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static string? Password(string authorization)
    {
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || !Base64.IsValid(authorization.AsSpan(Scheme.Length)))
            return null;
        var pair = Encoding.UTF8.GetString(Convert.FromBase64String(authorization[Scheme.Length..]));
        var colon = pair.IndexOf(':');
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
