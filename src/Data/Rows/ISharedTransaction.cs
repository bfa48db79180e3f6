namespace Backend.Data.Rows;

/// <summary>
/// One transaction for several writes, each of which first does, with nothing held, what may take time or call out: interceptors, sign-in providers,
/// hashes, the catalog. Then it enters, writes, and waits for the commit of all; what comes after a commit (interceptors, caches) comes after that.
/// </summary>
public interface ISharedTransaction
{
    /// <summary>Waits until every write is prepared and those before this one have written.</summary>
    /// <returns>The open transaction, for this write alone until it calls <see cref="CommitAsync"/>.</returns>
    /// <exception cref="OperationCanceledException">Another write failed: there will be no transaction.</exception>
    Task<RowTransaction> EnterAsync();

    /// <summary>Says that this write has written, and waits for the commit of all.</summary>
    /// <exception cref="OperationCanceledException">Another write failed: nothing was written.</exception>
    Task CommitAsync();
}
