using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Backend.Jobs.Mail;

/// <summary>Composition of mail.</summary>
internal static class MailServices
{
    public static void AddMail(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MailOptions>().Bind(configuration.GetSection(MailOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MailOptions>>(new OptionsCheck<MailOptions>(o => o.Mistake()
            ?? (configuration.GetValue<bool?>("Accounts:VerifyEmails") == true && !o.IsConfigured ? "Accounts:VerifyEmails needs mail: Mail:Host is missing." : null)));
        services.AddSingleton<IMailTransport, SmtpTransport>();
        services.AddJob<SendPasswordResetMail, PasswordResetMail>(SendPasswordResetMail.Name);
        services.AddJob<SendEmailVerificationMail, EmailVerificationMail>(SendEmailVerificationMail.Name);
    }
}
