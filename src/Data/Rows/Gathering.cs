using System.Collections.Concurrent;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Requests of one kind that meet on the way to the database go together (docs/decisions/029-gathered-statements.md). The first ones go at once; what comes
/// while they are under way waits for one of them to end and then goes as one statement. Nobody waits for company: without others there is no delay.
/// </summary>
/// <typeparam name="TKey">What the requests of one statement have in common.</typeparam>
/// <typeparam name="TRequest">What is asked for.</typeparam>
/// <typeparam name="TResult">What comes of it.</typeparam>
/// <param name="execute">Does what several requests of one key ask for in one statement, and gives their outcomes in the same order.</param>
internal sealed class Gathering<TKey, TRequest, TResult>(Func<TKey, IReadOnlyList<TRequest>, Task<IReadOnlyList<Outcome<TResult>>>> execute)
    where TKey : notnull
{
    /// <summary>Statements of one key under way; what comes beyond waits.</summary>
    private const int Lanes = 2;

    /// <summary>Requests of one statement.</summary>
    private const int Most = 64;

    /// <summary>
    /// Who has waited that long opens a lane more, for himself and the others in line: those under way may wait for a lock that does not concern them, or a commit
    /// takes longer than this. The lane stays until nobody waits.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<TKey, Line> _lines = new();

    /// <summary>Does what is asked for, alone or with others.</summary>
    /// <param name="key">What the request has in common with those it can go with.</param>
    /// <param name="request">The request.</param>
    /// <param name="alone">Does it by itself.</param>
    public async Task<TResult> RunAsync(TKey key, TRequest request, Func<Task<TResult>> alone)
    {
        var waiting = Enter(key, request, out var line);
        if (waiting is null)
        {
            try
            {
                return await alone();
            }
            finally
            {
                Leave(key, line);
            }
        }

        var turn = await waiting.AwaitTurnAsync(line);
        if (turn.Led is not { } led)
            return turn.Outcome.IsRefused ? await alone() : turn.Outcome.Result;
        try
        {
            var own = led.Count == 1 ? Outcome<TResult>.Refused : await LeadAsync(key, led);
            return own.IsRefused ? await alone() : own.Result;
        }
        finally
        {
            Leave(key, line);
        }
    }

    // The outcome of the first, whose turn it is.
    private async Task<Outcome<TResult>> LeadAsync(TKey key, IReadOnlyList<Waiting> led)
    {
        try
        {
            var outcomes = await execute(key, [.. led.Select(w => w.Request)]);
            for (var i = 1; i < led.Count; i++)
                led[i].Turn.SetResult(new Turn(null, outcomes[i]));
            return outcomes[0];
        }
        catch (Exception e) when (e is PostgresException or Refusal { Kind: not (RefusalKind.Timeout or RefusalKind.Busy) })
        {
            // PostgreSQL has refused the statement, so that nothing of it has happened: one of the requests is at fault, and hears of it when it goes alone.
            for (var i = 1; i < led.Count; i++)
                led[i].Turn.SetResult(new Turn(null, Outcome<TResult>.Refused));
            return Outcome<TResult>.Refused;
        }
        catch (Exception e)
        {
            // What has happened is not known: nobody tries again.
            for (var i = 1; i < led.Count; i++)
                led[i].Turn.SetException(e);
            throw;
        }
    }

    // Takes a lane (null), or gets in line.
    private Waiting? Enter(TKey key, TRequest request, out Line line)
    {
        while (true)
        {
            line = _lines.GetOrAdd(key, static _ => new Line());
            if (line.TryEnter(request, out var waiting))
                return waiting;
        }
    }

    // Gives the lane to those who wait, or up.
    private void Leave(TKey key, Line line)
    {
        var next = line.Leave(out var isClosed);
        if (isClosed)
            _lines.TryRemove(new KeyValuePair<TKey, Line>(key, line));
        if (next.Count > 0)
            next[0].Turn.SetResult(new Turn(next, default));
    }

    /// <summary>Those of one key who wait.</summary>
    private sealed class Line
    {
        private readonly Lock _gate = new();
        private readonly LinkedList<Waiting> _waiting = [];
        private int _underWay;
        private bool _isClosed;

        /// <summary>False: the line has ended, there is a new one.</summary>
        public bool TryEnter(TRequest request, out Waiting? waiting)
        {
            lock (_gate)
            {
                waiting = null;
                if (_isClosed)
                    return false;
                if (_underWay < Lanes)
                {
                    _underWay++;
                    return true;
                }

                waiting = new Waiting(request);
                _waiting.AddLast(waiting.Node);
                return true;
            }
        }

        /// <summary>Those whose turn it is, the first of whom leads the others; none: the lane is free, and without any under way the line ends.</summary>
        public List<Waiting> Leave(out bool isClosed)
        {
            lock (_gate)
            {
                var next = Take(_waiting.First, []);
                if (next.Count == 0)
                    _isClosed = --_underWay == 0;
                isClosed = _isClosed;
                return next;
            }
        }

        /// <summary>
        /// A lane more, for one who waits and for the others who do, whether before him or behind: of those whose patience ends at the same moment the last may be
        /// the first to say so, and each would go alone. Null when his turn has come.
        /// </summary>
        public List<Waiting>? TryOpenLane(Waiting waiting)
        {
            lock (_gate)
            {
                if (waiting.Node.List is null)
                    return null;
                _underWay++;
                _waiting.Remove(waiting.Node);
                return Take(_waiting.First, [waiting]);
            }
        }

        private List<Waiting> Take(LinkedListNode<Waiting>? node, List<Waiting> taken)
        {
            while (node is not null && taken.Count < Most)
            {
                var next = node.Next;
                _waiting.Remove(node);
                taken.Add(node.Value);
                node = next;
            }

            return taken;
        }
    }

    private sealed class Waiting
    {
        public Waiting(TRequest request)
        {
            Request = request;
            Node = new LinkedListNode<Waiting>(this);
        }

        public TRequest Request { get; }

        public LinkedListNode<Waiting> Node { get; }

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Waits until it is led, or its turn to lead, or long enough to do so unasked.</summary>
        public async Task<Turn> AwaitTurnAsync(Line line)
        {
            try
            {
                return await Turn.Task.WaitAsync(Patience);
            }
            catch (TimeoutException) when (!Turn.Task.IsFaulted)
            {
                return line.TryOpenLane(this) is { } led ? new Turn(led, default) : await Turn.Task;
            }
        }
    }

    /// <summary>What the end of waiting brings.</summary>
    /// <param name="Led">It is its turn: those whom it leads, itself the first. Null: another has led it.</param>
    /// <param name="Outcome">What came of it then.</param>
    private readonly record struct Turn(IReadOnlyList<Waiting>? Led, Outcome<TResult> Outcome);
}

/// <summary>What came of a request that went with others.</summary>
/// <param name="IsRefused">Nothing: it has to go by itself.</param>
/// <param name="Result">The result, unless refused.</param>
internal readonly record struct Outcome<TResult>(bool IsRefused, TResult Result)
{
    /// <summary>Has to go by itself.</summary>
    public static Outcome<TResult> Refused { get; } = new(true, default!);

    /// <summary>Done.</summary>
    public static implicit operator Outcome<TResult>(TResult result) => new(false, result);
}
