using Microsoft.Extensions.Options;

namespace Backend.Data.Accounts;

/// <summary>Stops the start with a sentence when the rules for passwords cannot be kept.</summary>
internal sealed class PasswordRulesCheck : IValidateOptions<PasswordOptions>
{
    public ValidateOptionsResult Validate(string? name, PasswordOptions options)
    {
        if (options.ValidatorCallback is not null)
        {
            return ValidateOptionsResult.Fail("Passwords:ValidatorCallback: a function cannot be a setting. Say the rule as a regular expression (Passwords:Pattern), or refuse the "
                + "save of a user in a web hook or interceptor before it, which sees the new password.");
        }

        if (options.Pattern is not { } pattern)
            return ValidateOptionsResult.Success;
        try
        {
            AccountService.CompilePattern(pattern);
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException)
        {
            return ValidateOptionsResult.Fail("Passwords:Pattern is no regular expression.");
        }
    }
}
