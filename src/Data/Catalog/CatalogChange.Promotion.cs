namespace Backend.Data.Catalog;

/// <content>Steps of fields on their way to columns.</content>
internal sealed partial class CatalogChange
{
    /// <summary>Adds the column of a field that has none.</summary>
    /// <returns>Whether there is one now.</returns>
    public async Task<bool> PrepareColumnAsync(Table table, Field field)
    {
        var columns = await ColumnsAsync(table);
        var column = await AddColumnAsync(table.Relation, new FieldSpec(field.Name, field.Kind, field.Target), columns, fresh: false);
        if (column is null)
            return false;
        await ExecuteAsync("""
            update catalog.fields set column_name = $3, indexed = kind = 'Reference', has_rest = true, promotion = 'Prepared', promotion_at = clock_timestamp()
            where table_number = $1 and name = $2
            """, table.Number, field.Name, column);
        return true;
    }

    /// <summary>Goes from one step to the next.</summary>
    /// <returns>Whether the field was at that step, for long enough.</returns>
    public async Task<bool> PromoteAsync(Table table, string name, FieldPromotion from, FieldPromotion to, TimeSpan pause)
    {
        var isEnd = to == FieldPromotion.None;
        return await ScalarAsync("""
            update catalog.fields set promotion = $4, promotion_at = clock_timestamp(), has_rest = not $5
            where table_number = $1 and name = $2 and promotion = $3 and promotion_at <= clock_timestamp() - $6
            returning true
            """, table.Number, name, from.ToString(), isEnd ? null : to.ToString(), isEnd, pause) is not null;
    }

    /// <summary>Leaves a field with values that its column cannot hold: readers go on looking into rest.</summary>
    public async Task<bool> StopPromotionAsync(Table table, string name) => await ScalarAsync("""
        update catalog.fields set promotion = null, promotion_at = null where table_number = $1 and name = $2 and promotion = 'Closing' returning true
        """, table.Number, name) is not null;
}
