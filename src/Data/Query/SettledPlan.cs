using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>
/// Tells reads whose best plan is the same whatever values they come with, so that planning them anew each time, which takes longer than such a read
/// itself, is spared (docs/decisions/027).
/// </summary>
internal static class SettledPlan
{
    /// <summary>
    /// How a read is printed: a page in the order of one indexed field, without a condition on another one, goes along that index from where the page begins
    /// until it is full; a user's only in an open table, as elsewhere his own rows may be far between. What PostgreSQL would guess about such a read without its values must not lead
    /// it elsewhere, so the limit is shown where the condition has one end (a third of the table is expected then, and a tenth of that would be too
    /// much), and hidden where it has two (half a percent is expected, which a limit may exceed).
    /// </summary>
    /// <param name="query">The read.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="isOpen">Whether the table is one of <see cref="OpenTables"/>.</param>
    public static PageForm Of(RowQuery query, Caller caller, bool isOpen)
    {
        if (query is not { Limit: { } limit, Offset: 0, WithScore: null } || (caller.UserId is not null && !caller.IsAdministrator && !isOpen)
            || Leading(query) is not { } field || AccessRules.IsByOwner(query.Table, query.Operation, caller))
        {
            return PageForm.Planned;
        }

        var ends = Ends.None;
        if (!Collect(query.Filter, field, ref ends))
            return PageForm.Planned;
        if (ends == Ends.Both)
            return PageForm.Hidden;
        return IsUsual(limit) ? PageForm.HiddenWithin : PageForm.Planned;
    }

    // Each limit makes a statement of its own: they are few, so that a shape of query does not become too many to keep prepared.
    private static bool IsUsual(int limit) => limit is > 0 and <= 100 || (limit is > 0 and <= 1000 && limit % 50 == 0);

    private static Field? Leading(RowQuery query)
    {
        if (query.Sort.IsEmpty)
            return Field.CreatedAt;
        foreach (var sort in query.Sort)
        {
            if (sort is not { Distance: null, Score: null, Path.Steps.IsEmpty: true } || !IsPlain(sort.Path.Field))
                return null;
        }

        var first = query.Sort[0].Path.Field;
        return first.Indexed ? first : null;
    }

    private static bool Collect(Filter filter, Field field, ref Ends ends)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                foreach (var part in all.Filters)
                {
                    if (!Collect(part, field, ref ends))
                        return false;
                }

                return true;
            case Filter.Compare { Path: { Steps.IsEmpty: true } path } compare when path.Field == field:
                ends |= compare.Comparison is Comparison.Less or Comparison.LessOrEqual ? Ends.Upper : Ends.Lower;
                return true;
            default:
                return false;
        }
    }

    private static bool IsPlain(Field field) => field is { Column: not null, HasRest: false }
        and { Kind: FieldKind.Text or FieldKind.Number or FieldKind.Boolean or FieldKind.Timestamp or FieldKind.File or FieldKind.Reference };

    [Flags]
    private enum Ends
    {
        None = 0,
        Lower = 1,
        Upper = 2,
        Both = Lower | Upper,
    }
}

/// <summary>How the values of a page's condition are printed.</summary>
internal enum PageForm
{
    /// <summary>As parameters: PostgreSQL plans with their values.</summary>
    Planned,

    /// <summary>Behind sub-selects, which the planner does not look into: one plan serves all values.</summary>
    Hidden,

    /// <summary>Likewise, with the limit as a constant.</summary>
    HiddenWithin,
}
