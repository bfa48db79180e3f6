using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Rows;

/// <content>Writes that share a transaction with others, interceptors and all: these run before it opens and after its commit.</content>
public sealed partial class RowStore
{
    /// <summary>Inserts a row; as <see cref="InsertAsync(Table, ChangeSet, Caller, string?, RowTransaction?, CancellationToken)"/>.</summary>
    public async Task<WriteResult> InsertSharedAsync(Table table, ChangeSet changes, Caller caller, string? id, ISharedTransaction shared, CancellationToken cancellation = default)
    {
        var save = await BeginSaveAsync(table, id, changes, caller, insert: true, checkRow: false, cancellation);
        var result = await InsertAsync(table, changes, caller, id, await shared.EnterAsync(), cancellation);
        await shared.CommitAsync();
        await EndSaveAsync(save, result, cancellation);
        return result;
    }

    /// <summary>Changes a row; as <see cref="ChangeAsync(Table, string, ChangeSet, Caller, RowTransaction?, CancellationToken, uint?)"/>. Interceptors see it as it
    /// was before the transaction.</summary>
    public async Task<WriteResult> ChangeSharedAsync(Table table, string id, ChangeSet changes, Caller caller, ISharedTransaction shared, CancellationToken cancellation = default)
    {
        var save = await BeginSaveAsync(table, id, changes, caller, insert: false, checkRow: false, cancellation);
        var result = await ChangeAsync(table, id, changes, caller, await shared.EnterAsync(), cancellation);
        await shared.CommitAsync();
        await EndSaveAsync(save, result, cancellation);
        return result;
    }

    /// <summary>Deletes a row; as <see cref="DeleteAsync(Table, string, Caller, RowTransaction?, CancellationToken, uint?)"/>.</summary>
    public async Task DeleteSharedAsync(Table table, string id, Caller caller, ISharedTransaction shared, CancellationToken cancellation = default)
    {
        var interceptors = Concerning(table);
        AccessRules.Require(table, Operation.Delete, caller);
        var row = interceptors.IsEmpty ? null : await WritableAsync(table, id, Operation.Delete, caller, cancellation);
        foreach (var interceptor in interceptors)
            await interceptor.BeforeDeleteAsync(table, row!, caller, cancellation);
        await DeleteAsync(table, id, caller, await shared.EnterAsync(), cancellation);
        await shared.CommitAsync();
        foreach (var interceptor in interceptors)
            await interceptor.AfterDeleteAsync(table, row!, caller, cancellation);
    }
}
