namespace Backend.MongoDouble;

/// <summary>What is to go wrong, command by command. Everything can be changed while clients are connected.</summary>
public sealed class Faults
{
    private readonly Lock _gate = new();
    private readonly List<Rule> _rules = [];

    /// <summary>Closes the connection instead of answering.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="skip">How many of them are answered first.</param>
    /// <param name="times">How many connections are closed.</param>
    public void Drop(string command, int skip = 0, int times = 1) => Add(new Rule(command, skip, times, FaultKind.Drop));

    /// <summary>Does not answer, until <see cref="Clear"/>.</summary>
    public void Stall(string command, int skip = 0, int times = int.MaxValue) => Add(new Rule(command, skip, times, FaultKind.Stall));

    /// <summary>Answers later.</summary>
    public void Delay(string command, TimeSpan by, int skip = 0, int times = int.MaxValue) => Add(new Rule(command, skip, times, FaultKind.Delay) { By = by });

    /// <summary>Answers with an error.</summary>
    public void Refuse(string command, int code, string codeName, string message, int skip = 0, int times = int.MaxValue) =>
        Add(new Rule(command, skip, times, FaultKind.Refuse) { Error = new CommandException(code, codeName, message) });

    /// <summary>Nothing goes wrong any more; what was stalled is answered.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _rules.ForEach(r => r.Released.TrySetResult());
            _rules.Clear();
        }
    }

    /// <summary>Lets the fault that is due happen; false when the connection is to be closed.</summary>
    internal async Task<bool> PassAsync(string command, CancellationToken stop)
    {
        Rule? due = null;
        lock (_gate)
        {
            foreach (var rule in _rules.Where(r => string.Equals(r.Command, command, StringComparison.OrdinalIgnoreCase)))
            {
                if (rule.Skip > 0)
                {
                    rule.Skip--;
                }
                else if (rule.Times > 0)
                {
                    rule.Times--;
                    due = rule;
                    break;
                }
            }
        }
        switch (due?.Kind)
        {
            case FaultKind.Drop:
                return false;
            case FaultKind.Stall:
                await due.Released.Task.WaitAsync(stop);
                return true;
            case FaultKind.Delay:
                await Task.Delay(due.By, stop);
                return true;
            case FaultKind.Refuse:
                throw due.Error!;
            default:
                return true;
        }
    }

    private void Add(Rule rule)
    {
        lock (_gate)
        {
            _rules.Add(rule);
        }
    }

    private enum FaultKind
    {
        Drop,
        Stall,
        Delay,
        Refuse,
    }

    private sealed class Rule(string command, int skip, int times, FaultKind kind)
    {
        public string Command => command;

        public FaultKind Kind => kind;

        public int Skip { get; set; } = skip;

        public int Times { get; set; } = times;

        public TimeSpan By { get; init; }

        public CommandException? Error { get; init; }

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
