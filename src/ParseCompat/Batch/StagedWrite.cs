using Backend.Data.Rows;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Batch;

/// <summary>
/// A write of a batch that is all or nothing. It runs as any write does, but stops twice: before it writes, until the transaction is open and its turn
/// has come, and before it goes on, until all is committed. So triggers, providers and hashes are done with before a connection is held, and afterSave
/// triggers hear of nothing that is not there.
/// </summary>
internal sealed class StagedWrite : ISharedTransaction
{
    // What waits goes on by itself, not in the middle of the one who let it.
    private readonly TaskCompletionSource _prepared = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RowTransaction> _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<ParseResponse> _answer = null!;

    /// <summary>Begins the write; returns when it is prepared, or done because it has nothing to write.</summary>
    /// <exception cref="ParseError">Whatever the write is refused with.</exception>
    public async Task PrepareAsync(Func<ISharedTransaction, ValueTask<ParseResponse>> write)
    {
        _answer = write(this).AsTask();
        await StopAsync(_prepared.Task);
    }

    /// <summary>Lets it write; returns when it has.</summary>
    /// <exception cref="ParseError">Whatever the write is refused with.</exception>
    public async Task WriteAsync(RowTransaction transaction)
    {
        _turn.TrySetResult(transaction);
        await StopAsync(_written.Task);
    }

    /// <summary>After the commit: lets it go on to its end.</summary>
    public Task<ParseResponse> FinishAsync()
    {
        _committed.TrySetResult();
        return _answer;
    }

    /// <summary>Another write failed: lets it unwind.</summary>
    public async Task AbandonAsync()
    {
        _turn.TrySetCanceled();
        _committed.TrySetCanceled();
        await ((Task)_answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public Task<RowTransaction> EnterAsync()
    {
        _prepared.TrySetResult();
        return _turn.Task;
    }

    /// <inheritdoc/>
    public Task CommitAsync()
    {
        _written.TrySetResult();
        return _committed.Task;
    }

    /// <summary>Waits until it stops here, or has come to its end, whichever that is.</summary>
    private async Task StopAsync(Task here)
    {
        if (await Task.WhenAny(here, _answer) == _answer)
            await _answer;
    }
}
