using System.Collections.Concurrent;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Inserts that meet others of their table on the way go together (docs/decisions/029-gathered-inserts.md). The first ones go at once, each by itself; what
/// comes while they are under way waits for one of them to end and then goes as one statement and one commit. Nobody waits for company: without others
/// there is no delay.
/// </summary>
/// <param name="execute">Inserts rows of one table in one statement.</param>
internal sealed class InsertGathering(Func<Table, IReadOnlyList<GatheredRow>, Task<IReadOnlyList<WriteResult>>> execute)
{
    /// <summary>Statements of one table under way; what comes beyond waits.</summary>
    private const int Lanes = 2;

    /// <summary>Rows of one statement.</summary>
    private const int MostRows = 64;

    /// <summary>Who has waited that long goes by himself: those before him may wait for a lock that does not concern him.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<int, Queue> _queues = new();

    /// <summary>Inserts a row, alone or with others.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="row">The row.</param>
    /// <param name="alone">Inserts it by itself.</param>
    public async Task<WriteResult> InsertAsync(Table table, GatheredRow row, Func<Task<WriteResult>> alone)
    {
        var queue = _queues.GetOrAdd(table.Number, _ => new Queue());
        var waiting = queue.Enter(table, row);
        if (waiting is null)
        {
            try
            {
                return await alone();
            }
            finally
            {
                queue.Leave();
            }
        }

        IReadOnlyList<Waiting>? led;
        try
        {
            led = await waiting.Turn.Task.WaitAsync(Patience);
        }
        catch (TimeoutException) when (queue.TryWithdraw(waiting))
        {
            return await alone();
        }
        catch (TimeoutException)
        {
            // Its turn came at that very moment.
            led = await waiting.Turn.Task;
        }

        if (led is null)
            return await waiting.Result.Task ?? await alone();
        try
        {
            return led.Count == 1 ? await alone() : await LeadAsync(table, led) ?? await alone();
        }
        finally
        {
            queue.Leave();
        }
    }

    // The result of the first, whose turn it is; null: each has to go by itself.
    private async Task<WriteResult?> LeadAsync(Table table, IReadOnlyList<Waiting> led)
    {
        try
        {
            var results = await execute(table, [.. led.Select(w => w.Row)]);
            for (var i = 1; i < led.Count; i++)
                led[i].Result.SetResult(results[i]);
            return results[0];
        }
        catch (Exception e) when (e is PostgresException or Refusal { Kind: not RefusalKind.Timeout })
        {
            // PostgreSQL has refused the statement, so that none of its rows is there: one of them is at fault, and hears of it when it goes alone.
            for (var i = 1; i < led.Count; i++)
                led[i].Result.SetResult(null);
            return null;
        }
        catch (Exception e)
        {
            // Whether the rows are there is not known: nobody tries again.
            for (var i = 1; i < led.Count; i++)
                led[i].Result.SetException(e);
            throw;
        }
    }

    private sealed class Queue
    {
        private readonly Lock _gate = new();
        private readonly LinkedList<Waiting> _waiting = [];
        private int _underWay;

        /// <summary>Takes a lane, or gets in line.</summary>
        /// <returns>Null: a lane was free.</returns>
        public Waiting? Enter(Table table, GatheredRow row)
        {
            lock (_gate)
            {
                if (_underWay < Lanes)
                {
                    _underWay++;
                    return null;
                }

                var waiting = new Waiting(table, row);
                _waiting.AddLast(waiting.Node);
                return waiting;
            }
        }

        /// <summary>Gives the lane to those who wait and go together with the first of them, or up.</summary>
        public void Leave()
        {
            List<Waiting> next = [];
            lock (_gate)
            {
                for (var node = _waiting.First; node is not null && next.Count < MostRows;)
                {
                    var following = node.Next;
                    if (next.Count == 0 || next[0].GoesWith(node.Value))
                    {
                        _waiting.Remove(node);
                        next.Add(node.Value);
                    }

                    node = following;
                }

                if (next.Count == 0)
                {
                    _underWay--;
                    return;
                }
            }

            for (var i = 1; i < next.Count; i++)
                next[i].Turn.SetResult(null);
            next[0].Turn.SetResult(next);
        }

        /// <summary>Leaves the line; false when its turn has come.</summary>
        public bool TryWithdraw(Waiting waiting)
        {
            lock (_gate)
            {
                if (waiting.Node.List is null)
                    return false;
                _waiting.Remove(waiting.Node);
                return true;
            }
        }
    }

    private sealed class Waiting
    {
        public Waiting(Table table, GatheredRow row)
        {
            Table = table;
            Row = row;
            Node = new LinkedListNode<Waiting>(this);
        }

        public Table Table { get; }

        public GatheredRow Row { get; }

        public LinkedListNode<Waiting> Node { get; }

        /// <summary>It is its turn: with the rows that it leads, itself the first; null: another leads it.</summary>
        public TaskCompletionSource<IReadOnlyList<Waiting>?> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What became of it when another led it; null: it has to go by itself.</summary>
        public TaskCompletionSource<WriteResult?> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Rows of one shape make one statement, whose text is the same each time and stays prepared.</summary>
        public bool GoesWith(Waiting other)
        {
            if (Table != other.Table || Row.Acl is null != other.Row.Acl is null || Row.Changes.Count != other.Row.Changes.Count)
                return false;
            for (var i = 0; i < Row.Changes.Count; i++)
            {
                if (FieldOf(Row.Changes[i]) != FieldOf(other.Row.Changes[i]))
                    return false;
            }

            return true;
        }

        private static Field? FieldOf(Change change) => change is Change.Set { Path.Field: var field } ? field : null;
    }
}

/// <summary>A row that <see cref="InsertList.Takes"/> allows.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Changes">Its values, defaults included.</param>
/// <param name="Acl">Its access list.</param>
/// <param name="Defaults">What the table chose of its values.</param>
/// <param name="OwnAcl">The access list, where the table chose it.</param>
internal sealed record GatheredRow(string Id, IReadOnlyList<Change> Changes, RowAcl? Acl, List<KeyValuePair<FieldPath, Value>> Defaults, RowAcl? OwnAcl);
