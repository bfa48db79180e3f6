using System.Text.RegularExpressions;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary>With a list of routes, clients without the master key can use no other (contract section 26).</summary>
internal sealed class RouteAllowList(IOptions<LimitsOptions> options) : IRequestGate
{
    private readonly Regex[]? _patterns = options.Value.RouteAllowList?.Select(pattern => Patterns.Compile($"^(?:{pattern})$")).ToArray();

    /// <inheritdoc/>
    public bool IsOn => _patterns is not null;

    /// <inheritdoc/>
    public ValueTask AdmitAsync(ParseRequest request)
    {
        if (_patterns is null || request.IsMaster)
            return default;
        var path = string.Join('/', request.Segments);
        return Array.Exists(_patterns, pattern => Patterns.Matches(pattern, path))
            ? default
            : throw new ParseError(ErrorCode.OperationForbidden, $"Route not allowed by routeAllowList: {request.Method} {path}");
    }
}
