using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Accounts;

/// <summary>How passwords are hashed, and what they have to be: section <c>Passwords</c>. The rules hold for every new password, in whichever way it is set.</summary>
public sealed class PasswordOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Passwords";

    /// <summary>The bcrypt cost of new hashes, the power of two of its rounds. Old hashes keep theirs.</summary>
    [Range(10, 14)]
    public int Cost { get; set; } = 10;

    /// <summary>How many hashes run at once; 0: as many as there are cores. One takes a core for about 60 ms at cost 10.</summary>
    [Range(0, 1024)]
    public int Parallel { get; set; }

    /// <summary>How many more may wait for their turn; 0: 64 per core, about four seconds of work. Beyond that the answer is "busy".</summary>
    [Range(0, 100_000)]
    public int Waiting { get; set; }

    /// <summary>A regular expression that is found in every new password; null: none.</summary>
    public string? Pattern { get; set; }

    /// <summary>What a user is told whose password does not match the pattern.</summary>
    public string PatternMessage { get; set; } = "Password does not meet the Password Policy requirements.";

    /// <summary>No setting: a function cannot stand in a configuration. It is known by name so that a start with it says what to do instead.</summary>
    public string? ValidatorCallback { get; set; }

    /// <summary>Whether a password that holds the user's name is refused.</summary>
    public bool ForbidUsername { get; set; }

    /// <summary>How old a password may be to log in with; zero: of any age. An older one is changed by a reset.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00", ErrorMessage = "Passwords:MaxAge must be 0 (of any age) or more.")]
    public TimeSpan MaxAge { get; set; }

    /// <summary>
    /// Whether passwords age. Only then it is noted when one is set: with the setting new, nobody is shut out by what happened before it.
    /// </summary>
    internal bool Ages => MaxAge > TimeSpan.Zero;

    /// <summary>How many passwords, the present one among them, cannot be the new one; 0: none.</summary>
    [Range(0, 20, ErrorMessage = "Passwords:History must be between 0 and 20.")]
    public int History { get; set; }
}
