using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Data.Rows;

/// <summary>
/// Business rules around reads and writes, run for both dialects (design section 5). Called without a connection or transaction held, so an
/// interceptor may call out. To refuse, throw a <see cref="Refusal"/> of kind <see cref="RefusalKind.Rejected"/>: each dialect answers it in its own form.
/// </summary>
public interface IRowInterceptor
{
    /// <summary>Whether it has anything to do with this table; asked before every call, must be quick.</summary>
    bool Concerns(Table table);

    /// <summary>Before an insert or change; may add to and replace the changes.</summary>
    ValueTask BeforeSaveAsync(SaveContext save, CancellationToken cancellation) => default;

    /// <summary>After an insert or change was committed. What it throws does not undo the write.</summary>
    ValueTask AfterSaveAsync(SaveContext save, WriteResult result, CancellationToken cancellation) => default;

    /// <summary>Before a delete.</summary>
    ValueTask BeforeDeleteAsync(Table table, Row row, Caller caller, CancellationToken cancellation) => default;

    /// <summary>After a delete was committed.</summary>
    ValueTask AfterDeleteAsync(Table table, Row row, Caller caller, CancellationToken cancellation) => default;

    /// <summary>Before rows are read; returns the query to run.</summary>
    ValueTask<RowQuery> BeforeFindAsync(RowQuery query, Caller caller, CancellationToken cancellation) => new(query);

    /// <summary>After rows were read; returns those to answer with: fewer, or other ones made by <see cref="Row.With"/>.</summary>
    ValueTask<IReadOnlyList<Row>> AfterFindAsync(RowQuery query, IReadOnlyList<Row> rows, Caller caller, CancellationToken cancellation) => new(rows);
}

/// <summary>A write that is about to happen, or has happened.</summary>
/// <param name="Table">The table.</param>
/// <param name="Id">The row's id; null when the insert will make one.</param>
/// <param name="Original">The row before the change; null for an insert.</param>
/// <param name="Changes">The changes.</param>
/// <param name="Caller">On whose behalf.</param>
public sealed record SaveContext(Table Table, string? Id, Row? Original, ChangeSet Changes, Caller Caller)
{
    /// <summary>
    /// The password, in clear, that a save of a user's account sets: rules for passwords that no setting can say are an interceptor's to check, and it may
    /// set another. Null: the password stays. It stands in no column, and is never logged.
    /// </summary>
    public string? NewPassword { get; set; }

    /// <summary>The table and the id, and nothing of what is saved.</summary>
    public override string ToString() => $"{Table.Name} {Id}";
}
