using Microsoft.Extensions.Options;

namespace Backend.Api.V2.RateLimits;

/// <summary>All limits of v2's requests per time; none, unless configured.</summary>
internal sealed class RateLimitList
{
    public List<RateLimitOptions> Limits { get; } = [];

    /// <summary>Stops the start with a sentence for each wrong setting.</summary>
    internal sealed class Check : IValidateOptions<RateLimitList>
    {
        public ValidateOptionsResult Validate(string? name, RateLimitList options)
        {
            var problems = RateLimitOptions.Problems(options.Limits).ToList();
            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }
    }
}
