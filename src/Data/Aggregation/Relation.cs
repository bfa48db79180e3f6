using Backend.Data.Query;

namespace Backend.Data.Aggregation;

/// <summary>One key of the order that documents stand in.</summary>
/// <param name="Sql">What is compared.</param>
/// <param name="Suffix">Direction and nulls, with a blank before, or empty.</param>
internal readonly record struct OrderKey(string Sql, string Suffix);

/// <summary>A select under construction: stages are put into it as long as SQL's own sequence of clauses is theirs, then it becomes the source of another.</summary>
internal sealed class Relation
{
    /// <summary>The from clause.</summary>
    public required string From { get; set; }

    /// <summary>What its rows are as documents.</summary>
    public required Shape Shape { get; set; }

    /// <summary>Conditions, all of which must hold.</summary>
    public List<string> Where { get; } = [];

    /// <summary>The order the documents stand in; empty: in none.</summary>
    public List<OrderKey> Order { get; set; } = [];

    /// <summary>Rows to leave out first.</summary>
    public long Offset { get; set; }

    /// <summary>At most so many.</summary>
    public long? Limit { get; set; }

    /// <summary>Whether rows are cut off, so that nothing may be filtered any more.</summary>
    public bool IsCut => Limit is not null || Offset > 0;

    /// <summary>Order keys as a list, with the words before it; empty without an order.</summary>
    public string OrderBy => Order.Count == 0 ? "" : " order by " + string.Join(", ", Order.Select(o => o.Sql + o.Suffix));

    /// <summary>From, where, order, limit and offset.</summary>
    public string Tail(Statement sql, bool ordered)
    {
        var where = Where.Count == 0 ? "" : " where " + string.Join(" and ", Where);
        var limit = Limit is { } most ? " limit " + sql.Fragment(s => s.Integer(most)) : "";
        var offset = Offset > 0 ? " offset " + sql.Fragment(s => s.Integer(Offset)) : "";
        return $" from {From}{where}{(ordered || IsCut ? OrderBy : "")}{limit}{offset}";
    }
}
