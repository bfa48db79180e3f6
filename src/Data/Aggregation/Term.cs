namespace Backend.Data.Aggregation;

/// <summary>The SQL type of a printed expression.</summary>
internal enum TermType
{
    Json,
    Number,
    Text,
    Boolean,
    Timestamp,
}

/// <summary>What SQL's null means in a printed expression.</summary>
internal enum Nulls
{
    Never,
    Missing,
    Null,
}

/// <summary>A printed expression. Its parameters are in the statement already, so its text may stand anywhere in it.</summary>
/// <param name="Sql">The text.</param>
/// <param name="Type">Its type: typed as long as it comes from typed columns.</param>
/// <param name="Nulls">What null means.</param>
/// <param name="IsSimple">A column or little more: may be printed again at no cost. Others are put into a subselect before something refers to them, so that no text grows out of itself.</param>
internal readonly record struct Term(string Sql, TermType Type, Nulls Nulls, bool IsSimple = false)
{
    /// <summary>A jsonb expression; null is missing.</summary>
    public static Term Json(string sql, bool isSimple = false) => new(sql, TermType.Json, Nulls.Missing, isSimple);

    /// <summary>As jsonb, where null is missing.</summary>
    public string ToJson()
    {
        var json = Type switch
        {
            TermType.Json => Sql,
            TermType.Timestamp => $"aggregation.date({Sql})",
            _ => $"to_jsonb({Sql})",
        };
        return Nulls == Nulls.Null ? $"coalesce({json}, 'null')" : json;
    }

    /// <summary>As jsonb, where missing is null as well.</summary>
    public string ToJsonOrNull() => Nulls == Nulls.Missing ? $"coalesce({ToJson()}, 'null')" : ToJson();

    /// <summary>As a condition that is never null.</summary>
    public string ToTruth() => Type switch
    {
        TermType.Json => $"aggregation.truth({Sql})",
        TermType.Boolean => Nulls == Nulls.Never ? Sql : $"coalesce({Sql}, false)",
        TermType.Number => $"coalesce({Sql} <> 0, false)",
        _ => Nulls == Nulls.Never ? "true" : $"({Sql} is not null)",
    };

    /// <summary>As a number that is null for everything else.</summary>
    public string ToNumberOrNull() => Type switch
    {
        TermType.Number => Sql,
        TermType.Json => $"aggregation.as_number({Sql})",
        _ => $"aggregation.as_number({ToJson()})",
    };
}
