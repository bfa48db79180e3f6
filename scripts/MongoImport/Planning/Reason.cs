namespace Backend.MongoImport.Planning;

/// <summary>Why a value stands in its row's <c>rest</c>.</summary>
internal enum Reason
{
    Null,
    OtherType,
    NotFinite,
    NotExact,
    NulOrSurrogate,
    NotUtf8,
    DateOutOfRange,
    TooLongForIndex,
    NoJsonForm,
    OtherClass,
    MalformedPointer,
    NoRing,
    NoColumn,
    NoFieldName,
    SystemKey,
    RelationData,
    SecondName,
    Id,
    Rights,
}

internal static class Reasons
{
    /// <summary>For the report.</summary>
    public static string Text(this Reason reason) => reason switch
    {
        Reason.Null => "explicit null",
        Reason.OtherType => "another type than the field's",
        Reason.NotFinite => "NaN or infinite",
        Reason.NotExact => "number that no double holds",
        Reason.NulOrSurrogate => "U+0000 or a lone surrogate in text",
        Reason.NotUtf8 => "text that is not UTF-8",
        Reason.DateOutOfRange => "date out of range",
        Reason.TooLongForIndex => "text too long for an index",
        Reason.NoJsonForm => "holds a value that JSON has no form for",
        Reason.OtherClass => "pointer to another class",
        Reason.MalformedPointer => "malformed pointer",
        Reason.NoRing => "not one closed ring",
        Reason.NoColumn => "field without a column",
        Reason.NoFieldName => "no field name",
        Reason.SystemKey => "system key without a column",
        Reason.RelationData => "data in a relation field",
        Reason.SecondName => "the same field under a second key",
        Reason.Id => "id that was no text",
        Reason.Rights => "rights that are no lists of names",
        _ => reason.ToString(),
    };
}
