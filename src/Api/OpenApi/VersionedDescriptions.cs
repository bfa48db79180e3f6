using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.Versioning;

namespace Backend.Api.OpenApi;

/// <summary>
/// Describes each action once for every version that has it, in that version's group. (The versioning package leaves this to a package of its own,
/// which this small class stands in for.)
/// </summary>
internal sealed class VersionedDescriptions : IApiDescriptionProvider
{
    private const string Parameter = "version";

    /// <summary>After the framework's own provider, which has -1000.</summary>
    public int Order => -900;

    public void OnProvidersExecuting(ApiDescriptionProviderContext context)
    {
        var described = context.Results.ToList();
        context.Results.Clear();
        foreach (var description in described)
        {
            var action = description.ActionDescriptor;
            var model = action.GetApiVersionModel(ApiVersionMapping.Explicit | ApiVersionMapping.Implicit);
            if (model.IsApiVersionNeutral || description.RelativePath?.Contains($"v{{{Parameter}}}", StringComparison.Ordinal) != true)
            {
                context.Results.Add(description);
                continue;
            }

            foreach (var version in model.ImplementedApiVersions.Where(v => action.IsMappedTo(v)))
            {
                var name = $"v{version.MajorVersion}";
                var copy = new ApiDescription
                {
                    ActionDescriptor = action,
                    GroupName = name,
                    HttpMethod = description.HttpMethod,
                    RelativePath = description.RelativePath.Replace($"v{{{Parameter}}}", name, StringComparison.Ordinal),
                };
                foreach (var parameter in description.ParameterDescriptions.Where(p => p.Name != Parameter))
                    copy.ParameterDescriptions.Add(parameter);
                foreach (var format in description.SupportedRequestFormats)
                    copy.SupportedRequestFormats.Add(format);
                foreach (var response in description.SupportedResponseTypes)
                    copy.SupportedResponseTypes.Add(response);
                foreach (var (key, value) in description.Properties)
                    copy.Properties[key] = value;
                context.Results.Add(copy);
            }
        }
    }

    public void OnProvidersExecuted(ApiDescriptionProviderContext context)
    {
    }
}
