using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Rows;

/// <content>Saves that other parts of this project compose of several statements in one transaction (accounts).</content>
public sealed partial class RowStore
{
    /// <summary>
    /// What comes before the transaction of a save: the caller's right, interceptors, the catalog. The row is read, and found to be the caller's to
    /// change, when an interceptor wants it or <paramref name="checkRow"/> asks for it.
    /// </summary>
    internal async Task<SaveContext> BeginSaveAsync(Table table, string? id, ChangeSet changes, Caller caller, bool insert, bool checkRow, CancellationToken cancellation,
        string? password = null)
    {
        var interceptors = Concerning(table);
        AccessRules.Require(table, insert ? Operation.Create : Operation.Update, caller);
        var original = insert || (interceptors.IsEmpty && !checkRow) ? null : await WritableAsync(table, id!, Operation.Update, caller, cancellation);
        var save = new SaveContext(table, id, original, changes, caller) { NewPassword = password };
        foreach (var interceptor in interceptors)
            await interceptor.BeforeSaveAsync(save, cancellation);
        await PrepareAsync(table, changes, cancellation);
        return save;
    }

    /// <summary>What comes after the commit of a save.</summary>
    internal async Task EndSaveAsync(SaveContext save, WriteResult result, CancellationToken cancellation)
    {
        foreach (var interceptor in Concerning(save.Table))
            await interceptor.AfterSaveAsync(save, result, cancellation);
    }
}
