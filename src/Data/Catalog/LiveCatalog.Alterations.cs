namespace Backend.Data.Catalog;

/// <content>Several changes of one table at once.</content>
public sealed partial class LiveCatalog
{
    /// <summary>Alters a table: drops, then adds, then permissions and indexes, in one commit.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such table, or no such field to drop.
    /// <see cref="RefusalKind.TypeMismatch"/>: a field exists with another type.</exception>
    public Task<CatalogSnapshot> AlterAsync(string origin, TableAlteration alteration, CancellationToken cancellation = default) =>
        AlterAsync(origin, _ => alteration, cancellation);

    /// <summary>
    /// Alters a table by what is found out of it as it is then: nobody changes it between the look and the alteration. What <paramref name="plan"/> throws
    /// leaves everything as it is; it is called under the catalog's lock, so it only thinks.
    /// </summary>
    /// <exception cref="Refusal">As the other.</exception>
    public Task<CatalogSnapshot> AlterAsync(string origin, Func<Table, TableAlteration> plan, CancellationToken cancellation = default) =>
        ChangeAsync(async change =>
        {
            var table = change.Require(origin);
            var alteration = plan(table);
            foreach (var name in alteration.Drop)
            {
                await change.DropFieldAsync(table, table.Find(name)
                    ?? throw new Refusal(RefusalKind.NotFound, $"No field {name} in {origin}.", origin, name));
            }

            var kept = new Table(table.Number, table.Name, table.Origin, table.Relation, table.System,
                table.Fields.Where(f => !alteration.Drop.Contains(f.Name)));
            var missing = Missing(kept, alteration.Set);
            if (missing.Count > 0)
                await change.AddFieldsAsync(kept, missing);
            foreach (var field in alteration.Set.Except(missing))
                await change.SetOptionsAsync(kept, field);
            if (alteration.SetPermissions)
                await change.SetPermissionsAsync(table, alteration.Permissions);
            foreach (var name in alteration.DropIndexes)
                await change.DropIndexAsync(table, name);
            foreach (var index in alteration.AddIndexes)
                await change.AddIndexAsync(table, index);
            return alteration.SetPermissions || alteration.Drop.Count + alteration.Set.Count + alteration.DropIndexes.Count + alteration.AddIndexes.Count > 0;
        }, cancellation);
}
