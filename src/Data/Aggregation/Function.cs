namespace Backend.Data.Aggregation;

/// <summary>The operators of expressions. What each does with null, missing and other types is in the migrations of schema <c>aggregation</c>.</summary>
public enum Function
{
    // Boolean.
    /// <summary>All are true; lazily.</summary>
    And,

    /// <summary>One is true; lazily.</summary>
    Or,

    /// <summary>Is not true.</summary>
    Not,

    // Comparison over all types.
    /// <summary>The same value.</summary>
    Equal,

    /// <summary>Not the same value.</summary>
    NotEqual,

    /// <summary>Comes before.</summary>
    Less,

    /// <summary>Does not come after.</summary>
    LessOrEqual,

    /// <summary>Comes after.</summary>
    Greater,

    /// <summary>Does not come before.</summary>
    GreaterOrEqual,

    /// <summary>-1, 0 or 1.</summary>
    Compare,

    // Numbers.
    /// <summary>Sum of numbers, one of which may be a date (then of milliseconds).</summary>
    Add,

    /// <summary>Difference of numbers, or of a date and milliseconds, or of dates in milliseconds.</summary>
    Subtract,

    /// <summary>Product.</summary>
    Multiply,

    /// <summary>Quotient; by zero is refused.</summary>
    Divide,

    /// <summary>Remainder with the sign of the first.</summary>
    Mod,

    /// <summary>First to the power of the second.</summary>
    Pow,

    /// <summary>Logarithm of the first to the base of the second.</summary>
    Log,

    /// <summary>Absolute value.</summary>
    Abs,

    /// <summary>Next whole number upwards.</summary>
    Ceiling,

    /// <summary>Next whole number downwards.</summary>
    Floor,

    /// <summary>Square root.</summary>
    SquareRoot,

    /// <summary>e to the power.</summary>
    Exp,

    /// <summary>Natural logarithm.</summary>
    Ln,

    /// <summary>Decimal logarithm.</summary>
    Log10,

    /// <summary>To so many digits after the point, ties to even.</summary>
    Round,

    /// <summary>Without what follows so many digits.</summary>
    Truncate,

    /// <summary>Sine.</summary>
    Sine,

    /// <summary>Cosine.</summary>
    Cosine,

    /// <summary>Tangent.</summary>
    Tangent,

    /// <summary>Inverse sine.</summary>
    ArcSine,

    /// <summary>Inverse cosine.</summary>
    ArcCosine,

    /// <summary>Inverse tangent.</summary>
    ArcTangent,

    /// <summary>Inverse tangent of a quotient, by its quadrant.</summary>
    ArcTangent2,

    /// <summary>Hyperbolic sine.</summary>
    HyperbolicSine,

    /// <summary>Hyperbolic cosine.</summary>
    HyperbolicCosine,

    /// <summary>Hyperbolic tangent.</summary>
    HyperbolicTangent,

    /// <summary>Inverse hyperbolic sine.</summary>
    HyperbolicArcSine,

    /// <summary>Inverse hyperbolic cosine.</summary>
    HyperbolicArcCosine,

    /// <summary>Inverse hyperbolic tangent.</summary>
    HyperbolicArcTangent,

    /// <summary>Degrees as radians.</summary>
    ToRadians,

    /// <summary>Radians as degrees.</summary>
    ToDegrees,

    // Accumulators over the arguments, or over one array.
    /// <summary>Sum of the numbers.</summary>
    Sum,

    /// <summary>Mean of the numbers; null without any.</summary>
    Average,

    /// <summary>Smallest value.</summary>
    Minimum,

    /// <summary>Largest value.</summary>
    Maximum,

    /// <summary>Standard deviation of a population.</summary>
    DeviationOfPopulation,

    /// <summary>Standard deviation of a sample.</summary>
    DeviationOfSample,

    // Types.
    /// <summary>The first that is neither null nor missing, else the last.</summary>
    FirstNotNull,

    /// <summary>Name of the type.</summary>
    TypeName,

    /// <summary>Is a number.</summary>
    IsNumber,

    /// <summary>Is an array.</summary>
    IsArray,

    /// <summary>As a boolean.</summary>
    ToBoolean,

    /// <summary>As a 32-bit integer.</summary>
    ToInt,

    /// <summary>As a 64-bit integer.</summary>
    ToLong,

    /// <summary>As a number.</summary>
    ToDouble,

    /// <summary>As a text.</summary>
    ToText,

    /// <summary>As a date.</summary>
    ToDate,

    /// <summary>Value, name or number of a type, value for errors, value for null.</summary>
    Convert,

    // Texts.
    /// <summary>Joined texts.</summary>
    Concat,

    /// <summary>ASCII letters in lower case.</summary>
    ToLower,

    /// <summary>ASCII letters in upper case.</summary>
    ToUpper,

    /// <summary>Text, start and length in bytes.</summary>
    SubstringBytes,

    /// <summary>Text, start and length in characters.</summary>
    Substring,

    /// <summary>Length in bytes.</summary>
    LengthBytes,

    /// <summary>Length in characters.</summary>
    Length,

    /// <summary>Text and separator.</summary>
    Split,

    /// <summary>Text, and which characters.</summary>
    Trim,

    /// <summary>The same at the start.</summary>
    TrimStart,

    /// <summary>The same at the end.</summary>
    TrimEnd,

    /// <summary>Text, sought text, start, end; in bytes.</summary>
    IndexOfBytes,

    /// <summary>The same in characters.</summary>
    IndexOf,

    /// <summary>Text, sought text, replacement.</summary>
    ReplaceFirst,

    /// <summary>The same everywhere.</summary>
    ReplaceAll,

    /// <summary>-1, 0 or 1 of upper-case forms.</summary>
    CompareIgnoringCase,

    // Arrays.
    /// <summary>Number of elements.</summary>
    Size,

    /// <summary>Array and position, from the end when negative.</summary>
    ElementAt,

    /// <summary>First element.</summary>
    FirstElement,

    /// <summary>Last element.</summary>
    LastElement,

    /// <summary>Value and array.</summary>
    In,

    /// <summary>Joined arrays.</summary>
    ConcatArrays,

    /// <summary>Array, start (may be left out), number.</summary>
    Slice,

    /// <summary>In the opposite order.</summary>
    Reverse,

    /// <summary>Array, value, start, end.</summary>
    IndexOfElement,

    /// <summary>Start, end (not included), step.</summary>
    Range,

    /// <summary>Elements of any.</summary>
    SetUnion,

    /// <summary>Elements of all.</summary>
    SetIntersection,

    /// <summary>Elements of the first alone.</summary>
    SetDifference,

    /// <summary>The second holds all of the first.</summary>
    SetIsSubset,

    /// <summary>The same elements.</summary>
    SetEquals,

    /// <summary>An element is true.</summary>
    AnyTrue,

    /// <summary>Every element is true.</summary>
    AllTrue,

    /// <summary>Of pairs or of k and v.</summary>
    ArrayToObject,

    /// <summary>Array, and 1, -1 or a list of paths with directions.</summary>
    SortArray,

    /// <summary>Arrays, whether to the longest, values for what is missing: arrays of the elements at each position.</summary>
    Zip,

    /// <summary>Number and array: the first elements.</summary>
    FirstElements,

    /// <summary>The last elements.</summary>
    LastElements,

    /// <summary>The largest elements, from the largest on.</summary>
    LargestElements,

    /// <summary>The smallest elements, from the smallest on.</summary>
    SmallestElements,

    // Objects.
    /// <summary>As an array of k and v.</summary>
    ObjectToArray,

    /// <summary>All members, later ones win.</summary>
    MergeObjects,

    /// <summary>Object and key.</summary>
    GetField,

    /// <summary>Key, object, value; a missing one takes the key away.</summary>
    SetField,

    // Dates: instant and time zone.
    /// <summary>Year.</summary>
    Year,

    /// <summary>Month from 1.</summary>
    Month,

    /// <summary>Day from 1.</summary>
    DayOfMonth,

    /// <summary>Sunday is 1.</summary>
    DayOfWeek,

    /// <summary>Day from 1.</summary>
    DayOfYear,

    /// <summary>Hour.</summary>
    Hour,

    /// <summary>Minute.</summary>
    Minute,

    /// <summary>Second.</summary>
    Second,

    /// <summary>Millisecond.</summary>
    Millisecond,

    /// <summary>Week from 0; the first Sunday begins week 1.</summary>
    Week,

    /// <summary>ISO week.</summary>
    IsoWeek,

    /// <summary>Year of the ISO week.</summary>
    IsoWeekYear,

    /// <summary>Monday is 1.</summary>
    IsoDayOfWeek,

    /// <summary>Instant, format, time zone, value for null.</summary>
    DateToText,

    /// <summary>Instant, time zone, whether by ISO weeks: an object of parts.</summary>
    DateToParts,

    /// <summary>Text, time zone, value for errors, value for null, format.</summary>
    DateFromText,

    /// <summary>Year, month, day, hour, minute, second, millisecond, time zone.</summary>
    DateFromParts,

    /// <summary>Instant, unit, amount, time zone.</summary>
    DateAdd,

    /// <summary>The same backwards.</summary>
    DateSubtract,

    /// <summary>Instant, unit, time zone, first day of the week, units of a bin.</summary>
    DateTruncate,

    /// <summary>Instant, instant, unit, time zone, first day of the week: boundaries between.</summary>
    DateDifference,

    // Others.
    /// <summary>When the statement began.</summary>
    Now,

    /// <summary>From 0 up to 1.</summary>
    Random,
}
