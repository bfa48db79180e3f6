using Backend.Data.Accounts;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.ParseCompat.Limits;

/// <summary>What one look at the settings found.</summary>
/// <param name="Title">What is looked at.</param>
/// <param name="IsSafe">Whether it is as it should be.</param>
/// <param name="Warning">What can happen otherwise.</param>
/// <param name="Solution">What to change.</param>
internal sealed record SecurityFinding(string Title, bool IsSafe, string Warning, string Solution);

/// <summary>A group of findings.</summary>
internal sealed record SecurityGroup(string Name, IReadOnlyList<SecurityFinding> Findings);

/// <summary>Looks for weak settings (contract section 25, <c>GET /security</c>).</summary>
internal sealed class SecurityReport(
    IConfiguration configuration, IOptions<ParseCompatOptions> server, IOptions<AccountsOptions> accounts, IOptions<SecurityOptions> security, ILogger<SecurityReport> logger)
{
    private const int ShortestSecret = 14;

    /// <summary>Looks, and writes the findings to the log if that is wanted.</summary>
    public IReadOnlyList<SecurityGroup> Make()
    {
        var database = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("Database"));
        var options = server.Value;
        SecurityGroup[] groups =
        [
            new("Parse Server Configuration",
            [
                new("Secure master key", options.MasterKey is null || IsStrong(options.MasterKey), "The master key is short or simple: it can be guessed.",
                    "Choose ParseCompat:MasterKey with 14 characters or more, of three kinds among capitals, small letters, digits and others."),
                new("Security log disabled", !security.Value.EnableCheckLog, "What is weak stands in the log, for everybody who can read it.",
                    "Set ParseCompat:Security:EnableCheckLog to false."),
                new("Client class creation disabled", !options.AllowClientClassCreation, "Every client can make classes without bound.",
                    "Set ParseCompat:AllowClientClassCreation to false."),
                new("Users are created without public access", accounts.Value.PrivateUsers, "Whoever knows a user's id, or lists the users, reads his row.",
                    "Set Accounts:PrivateUsers to true."),
            ]),
            new("Database",
            [
                new("Secure database password", IsStrong(database.Password ?? ""), "The database's password is missing, short or simple: it can be guessed.",
                    "Choose one with 14 characters or more, of three kinds among capitals, small letters, digits and others, in ConnectionStrings:Database."),
            ]),
        ];
        if (security.Value.EnableCheckLog)
        {
            foreach (var finding in groups.SelectMany(g => g.Findings).Where(f => !f.IsSafe))
                Log.WeakSetting(logger, finding.Title, finding.Warning, finding.Solution);
        }

        return groups;
    }

    private static bool IsStrong(string secret)
    {
        var kinds = (secret.Any(char.IsAsciiLetterUpper) ? 1 : 0) + (secret.Any(char.IsAsciiLetterLower) ? 1 : 0) + (secret.Any(char.IsAsciiDigit) ? 1 : 0)
            + (secret.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_') ? 1 : 0);
        return secret.Length >= ShortestSecret && kinds >= 3;
    }
}
