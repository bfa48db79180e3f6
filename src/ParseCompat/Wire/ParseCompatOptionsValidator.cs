using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Wire;

/// <summary>Stops the host at start with a sentence for each wrong setting.</summary>
internal sealed class ParseCompatOptionsValidator : IValidateOptions<ParseCompatOptions>
{
    public ValidateOptionsResult Validate(string? name, ParseCompatOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
