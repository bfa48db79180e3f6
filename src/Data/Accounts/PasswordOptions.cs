using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Accounts;

/// <summary>How passwords are hashed: section <c>Passwords</c>.</summary>
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
}
