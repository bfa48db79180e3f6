namespace Backend.Data.Rows;

/// <summary>A row to be inserted with others (<see cref="RowStore.InsertManyAsync"/>).</summary>
/// <param name="Changes">Its values; defaults are added to them.</param>
/// <param name="Id">Its id, or null for a new one.</param>
public sealed record NewRow(ChangeSet Changes, string? Id = null);
