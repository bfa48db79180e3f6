using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Catalog.Promotion;

/// <summary>
/// Moves fields that started without a column (their table was locked, or had too many columns) from the rows' <c>rest</c> to a column. One run takes
/// each such field as far as the pauses between the steps allow; a run that is cut off is repeated without harm.
/// </summary>
public sealed class FieldPromoter(NpgsqlDataSource database, LiveCatalog catalog, IOptions<CatalogOptions> options, ILogger<FieldPromoter> logger)
{
    private readonly TimeSpan _pause = options.Value.PromotionPause;

    /// <summary>Takes every field that is to have a column as far as it can go now.</summary>
    /// <returns>How many fields are still on their way.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation = default)
    {
        var waiting = 0;
        foreach (var table in (await catalog.GetAsync(cancellation)).Tables)
        {
            // Where one field gets no column (the table is locked, or has as many as it may have) the next one would get none either.
            var isFull = false;
            foreach (var field in table.Fields)
            {
                if (field.Kind == FieldKind.Relation || (field.Column is not null && field.Promotion == FieldPromotion.None))
                    continue;
                if (field.Column is not null || !isFull)
                    await AdvanceAsync(table.Origin, field.Name, cancellation);
                if (Find(await catalog.GetAsync(cancellation), table.Origin, field.Name) is not { Field: { Column: null } or { Promotion: not FieldPromotion.None } } left)
                    continue;
                isFull |= left.Field.Column is null;
                waiting++;
            }
        }

        return waiting;
    }

    private async Task AdvanceAsync(string origin, string name, CancellationToken cancellation)
    {
        if (Find(await catalog.GetAsync(cancellation), origin, name) is { Field.Column: null })
            await catalog.PrepareColumnAsync(origin, name, cancellation);
        if (Find(await catalog.GetAsync(cancellation), origin, name) is { Field.Promotion: FieldPromotion.Prepared })
            await catalog.PromoteAsync(origin, name, FieldPromotion.Prepared, FieldPromotion.Moving, _pause, cancellation);
        if (Find(await catalog.GetAsync(cancellation), origin, name) is { Field.Promotion: FieldPromotion.Moving } moving)
        {
            // Once at the beginning and, when the pause is over, once more: for what a writer left who began before everybody knew of the step.
            await MoveAsync(moving.Table, moving.Field, cancellation);
            await catalog.PromoteAsync(origin, name, FieldPromotion.Moving, FieldPromotion.Closing, _pause, cancellation);
        }

        if (Find(await catalog.GetAsync(cancellation), origin, name) is { Field.Promotion: FieldPromotion.Closing } closing)
        {
            // Only when nobody writes to rest any more does it mean something that a pass finds nothing left there.
            if (await HasLastedAsync(closing.Table, name, cancellation) && await MoveAsync(closing.Table, closing.Field, cancellation))
                await catalog.PromoteAsync(origin, name, FieldPromotion.Closing, FieldPromotion.None, _pause, cancellation);
        }
    }

    private async Task<bool> HasLastedAsync(Table table, string name, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select exists (select from catalog.fields where table_number = $1 and name = $2 and promotion_at <= clock_timestamp() - $3)");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = table.Number });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = _pause });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Moves what can be moved; false: something is left.</summary>
    private async Task<bool> MoveAsync(Table table, Field field, CancellationToken cancellation)
    {
        var move = new ValueMove(database, table, field);
        var (moved, left) = await move.RunAsync(cancellation);
        if (moved > 0)
            Log.ValuesMoved(logger, moved, table.Relation, field.Name, left);
        if (left > 0 && field.Promotion == FieldPromotion.Closing)
            await catalog.StopPromotionAsync(table.Origin, field.Name, cancellation);
        return left == 0;
    }

    private static (Table Table, Field Field)? Find(CatalogSnapshot snapshot, string origin, string name) =>
        snapshot.FindByOrigin(origin) is { } table && table.Find(name) is { } field ? (table, field) : null;
}
