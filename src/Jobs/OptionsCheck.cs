using Microsoft.Extensions.Options;

namespace Backend.Jobs;

/// <summary>Stops the start of the process with a sentence that names the wrong setting.</summary>
internal sealed class OptionsCheck<T>(Func<T, string?> mistake) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options) =>
        mistake(options) is { } sentence ? ValidateOptionsResult.Fail(sentence) : ValidateOptionsResult.Success;
}
