namespace Backend.Data.Rows;

/// <summary>
/// Something that has to happen in the transaction of a write, before the write (<see cref="ChangeSet.Guard"/>): it commits with it, or neither
/// does. A request that writes several times enters its guard with the first write.
/// </summary>
public interface IWriteGuard
{
    /// <summary>Enters the transaction, once. To refuse the write, throw.</summary>
    ValueTask EnterAsync(RowTransaction transaction, CancellationToken cancellation);

    /// <summary>The transaction it was entered in was rolled back, and the write is tried again: it enters the next one.</summary>
    void Forget();
}
