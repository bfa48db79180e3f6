namespace Backend.MongoImport.Commands;

/// <summary>The arguments of one command: words, options with a value (<c>--name VALUE</c>) and switches (<c>--name</c>).</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _switches = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    private Arguments()
    {
    }

    /// <summary>Sorts the arguments.</summary>
    /// <param name="arguments">As given.</param>
    /// <param name="valued">Names of options that have a value, with their dashes.</param>
    /// <param name="switches">Names of those that have none.</param>
    /// <exception cref="ArgumentException">An option is unknown or lacks its value.</exception>
    public static Arguments Parse(IReadOnlyList<string> arguments, IReadOnlyCollection<string> valued, IReadOnlyCollection<string> switches)
    {
        var sorted = new Arguments();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (valued.Contains(argument))
            {
                if (++i == arguments.Count)
                {
                    throw new ArgumentException($"{argument} needs a value.");
                }
                if (!sorted._values.TryGetValue(argument, out var values))
                {
                    sorted._values.Add(argument, values = []);
                }
                values.Add(arguments[i]);
            }
            else if (switches.Contains(argument))
            {
                sorted._switches.Add(argument);
            }
            else if (argument is ['-', _, ..])
            {
                throw new ArgumentException($"{argument} is no option.");
            }
            else
            {
                sorted._words.Add(argument);
            }
        }
        return sorted;
    }

    /// <summary>The only word that is no option.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="ArgumentException">There is none, or a second.</exception>
    public string Only(string what) => _words switch
    {
        [] => throw new ArgumentException($"A {what} is missing."),
        [var only] => only,
        _ => throw new ArgumentException($"One {what} at a time: {_words[1]} is a second."),
    };

    /// <summary>Whether a switch was given.</summary>
    public bool Has(string name) => _switches.Contains(name);

    /// <summary>An option's value, the last when it was given several times.</summary>
    public string? Value(string name) => _values.GetValueOrDefault(name)?[^1];

    /// <summary>All values of an option that may be repeated.</summary>
    public IReadOnlyList<string> Values(string name) => _values.GetValueOrDefault(name) ?? [];

    /// <summary>The database to work on: <c>--connection</c>, or the API's own setting.</summary>
    /// <exception cref="ArgumentException">Neither is given.</exception>
    public string Connection() => Value("--connection") ?? Environment.GetEnvironmentVariable("ConnectionStrings__Database") switch
    {
        { Length: > 0 } setting => setting,
        _ => throw new ArgumentException("No database: give --connection, or set ConnectionStrings__Database as for the API."),
    };
}
