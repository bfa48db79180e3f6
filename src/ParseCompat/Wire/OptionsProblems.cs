using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Wire;

/// <summary>Stops the host at start with a sentence for each wrong setting.</summary>
internal sealed class OptionsProblems<T>(Func<T, IEnumerable<string>> find) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var problems = find(options).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
