namespace Backend.MongoImport.Commands;

/// <summary>One thing that the program does, named by its first argument.</summary>
internal abstract class Command
{
    /// <summary>Done, and nothing to look at.</summary>
    public const int Done = 0;

    /// <summary>Failed; what was there before is still there.</summary>
    public const int Failed = 1;

    /// <summary>Done, but there is something to look at: documents rejected, differences found.</summary>
    public const int LookAtIt = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM, as a shell reports it.</summary>
    public const int Stopped = 130;

    /// <summary>The word on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in one line.</summary>
    public abstract string Summary { get; }

    /// <summary>Its arguments and exit codes.</summary>
    public abstract string Usage { get; }

    /// <summary>Runs it.</summary>
    /// <param name="arguments">What stands after the word.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ArgumentException">The arguments say nothing that can be done; the message is for the operator.</exception>
    public abstract Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop);
}
