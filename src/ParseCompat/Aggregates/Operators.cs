using System.Collections.Frozen;
using Backend.Data.Aggregation;

namespace Backend.ParseCompat.Aggregates;

/// <summary>MongoDB's expression operators that take a list of arguments or an object of named ones.</summary>
/// <param name="Function">What it is.</param>
/// <param name="Least">The fewest arguments.</param>
/// <param name="Most">The most.</param>
/// <param name="Names">The names of its arguments when they come as an object; empty: they come as a list.</param>
internal sealed record Operator(Function Function, int Least, int Most, string[] Names)
{
    private static readonly string[] None = [];

    /// <summary>By name.</summary>
    public static FrozenDictionary<string, Operator> All { get; } = Build().ToFrozenDictionary(StringComparer.Ordinal);

    private static Dictionary<string, Operator> Build()
    {
        var all = new Dictionary<string, Operator>(StringComparer.Ordinal)
        {
            ["$and"] = new(Function.And, 0, int.MaxValue, None),
            ["$or"] = new(Function.Or, 0, int.MaxValue, None),
            ["$ifNull"] = new(Function.FirstNotNull, 2, int.MaxValue, None),
            ["$substr"] = new(Function.SubstringBytes, 3, 3, None),
            ["$log"] = new(Function.Log, 2, 2, None),
            ["$round"] = new(Function.Round, 1, 2, None),
            ["$trunc"] = new(Function.Truncate, 1, 2, None),
            ["$slice"] = new(Function.Slice, 2, 3, None),
            ["$range"] = new(Function.Range, 2, 3, None),
            ["$indexOfArray"] = new(Function.IndexOfElement, 2, 4, None),
            ["$indexOfBytes"] = new(Function.IndexOfBytes, 2, 4, None),
            ["$indexOfCP"] = new(Function.IndexOf, 2, 4, None),
            ["$substrBytes"] = new(Function.SubstringBytes, 3, 3, None),
            ["$substrCP"] = new(Function.Substring, 3, 3, None),
            ["$rand"] = new(Function.Random, 0, 0, None),
            ["$trim"] = new(Function.Trim, 1, 2, ["input", "chars"]),
            ["$ltrim"] = new(Function.TrimStart, 1, 2, ["input", "chars"]),
            ["$rtrim"] = new(Function.TrimEnd, 1, 2, ["input", "chars"]),
            ["$replaceOne"] = new(Function.ReplaceFirst, 3, 3, ["input", "find", "replacement"]),
            ["$replaceAll"] = new(Function.ReplaceAll, 3, 3, ["input", "find", "replacement"]),
            ["$dateToString"] = new(Function.DateToText, 1, 4, ["date", "format", "timezone", "onNull"]),
            ["$dateFromString"] = new(Function.DateFromText, 1, 5, ["dateString", "timezone", "onError", "onNull", "format"]),
            ["$dateToParts"] = new(Function.DateToParts, 1, 3, ["date", "timezone", "iso8601"]),
            ["$convert"] = new(Function.Convert, 2, 4, ["input", "to", "onError", "onNull"]),
            ["$zip"] = new(Function.Zip, 1, 3, ["inputs", "useLongestLength", "defaults"]),
            ["$setField"] = new(Function.SetField, 3, 3, ["field", "input", "value"]),
            ["$firstN"] = new(Function.FirstElements, 2, 2, ["n", "input"]),
            ["$lastN"] = new(Function.LastElements, 2, 2, ["n", "input"]),
            ["$maxN"] = new(Function.LargestElements, 2, 2, ["n", "input"]),
            ["$minN"] = new(Function.SmallestElements, 2, 2, ["n", "input"]),
            ["$dateFromParts"] = new(Function.DateFromParts, 1, 8, ["year", "month", "day", "hour", "minute", "second", "millisecond", "timezone"]),
            ["$dateAdd"] = new(Function.DateAdd, 3, 4, ["startDate", "unit", "amount", "timezone"]),
            ["$dateSubtract"] = new(Function.DateSubtract, 3, 4, ["startDate", "unit", "amount", "timezone"]),
            ["$dateTrunc"] = new(Function.DateTruncate, 2, 5, ["date", "unit", "timezone", "startOfWeek", "binSize"]),
            ["$dateDiff"] = new(Function.DateDifference, 3, 5, ["startDate", "endDate", "unit", "timezone", "startOfWeek"]),
        };
        Many(all, 0, int.MaxValue, ("$add", Function.Add), ("$multiply", Function.Multiply), ("$concat", Function.Concat), ("$concatArrays", Function.ConcatArrays),
            ("$setUnion", Function.SetUnion), ("$setIntersection", Function.SetIntersection), ("$mergeObjects", Function.MergeObjects));
        Many(all, 1, int.MaxValue, ("$sum", Function.Sum), ("$avg", Function.Average), ("$min", Function.Minimum), ("$max", Function.Maximum),
            ("$stdDevPop", Function.DeviationOfPopulation), ("$stdDevSamp", Function.DeviationOfSample));
        Many(all, 2, int.MaxValue, ("$setEquals", Function.SetEquals));
        Many(all, 2, 2, ("$eq", Function.Equal), ("$ne", Function.NotEqual), ("$lt", Function.Less), ("$lte", Function.LessOrEqual), ("$gt", Function.Greater),
            ("$gte", Function.GreaterOrEqual), ("$cmp", Function.Compare), ("$subtract", Function.Subtract), ("$divide", Function.Divide), ("$mod", Function.Mod),
            ("$pow", Function.Pow), ("$split", Function.Split), ("$strcasecmp", Function.CompareIgnoringCase), ("$arrayElemAt", Function.ElementAt), ("$in", Function.In),
            ("$setDifference", Function.SetDifference), ("$setIsSubset", Function.SetIsSubset), ("$atan2", Function.ArcTangent2));
        Many(all, 1, 1, ("$not", Function.Not), ("$abs", Function.Abs), ("$ceil", Function.Ceiling), ("$floor", Function.Floor), ("$sqrt", Function.SquareRoot),
            ("$exp", Function.Exp), ("$ln", Function.Ln), ("$log10", Function.Log10), ("$type", Function.TypeName), ("$isNumber", Function.IsNumber), ("$isArray", Function.IsArray),
            ("$toBool", Function.ToBoolean), ("$toInt", Function.ToInt), ("$toLong", Function.ToLong), ("$toDouble", Function.ToDouble), ("$toDecimal", Function.ToDouble),
            ("$toString", Function.ToText), ("$toDate", Function.ToDate), ("$toLower", Function.ToLower), ("$toUpper", Function.ToUpper), ("$strLenBytes", Function.LengthBytes),
            ("$strLenCP", Function.Length), ("$size", Function.Size), ("$first", Function.FirstElement), ("$last", Function.LastElement), ("$reverseArray", Function.Reverse),
            ("$anyElementTrue", Function.AnyTrue), ("$allElementsTrue", Function.AllTrue), ("$arrayToObject", Function.ArrayToObject), ("$objectToArray", Function.ObjectToArray));
        Many(all, 1, 1, ("$sin", Function.Sine), ("$cos", Function.Cosine), ("$tan", Function.Tangent), ("$asin", Function.ArcSine), ("$acos", Function.ArcCosine),
            ("$atan", Function.ArcTangent), ("$sinh", Function.HyperbolicSine), ("$cosh", Function.HyperbolicCosine), ("$tanh", Function.HyperbolicTangent),
            ("$asinh", Function.HyperbolicArcSine), ("$acosh", Function.HyperbolicArcCosine), ("$atanh", Function.HyperbolicArcTangent),
            ("$degreesToRadians", Function.ToRadians), ("$radiansToDegrees", Function.ToDegrees));
        string[] dated = ["date", "timezone"];
        foreach (var (name, function) in new[]
        {
            ("$year", Function.Year), ("$month", Function.Month), ("$dayOfMonth", Function.DayOfMonth), ("$dayOfWeek", Function.DayOfWeek), ("$dayOfYear", Function.DayOfYear),
            ("$hour", Function.Hour), ("$minute", Function.Minute), ("$second", Function.Second), ("$millisecond", Function.Millisecond), ("$week", Function.Week),
            ("$isoWeek", Function.IsoWeek), ("$isoWeekYear", Function.IsoWeekYear), ("$isoDayOfWeek", Function.IsoDayOfWeek),
        })
        {
            all[name] = new(function, 1, 2, dated);
        }

        return all;
    }

    private static void Many(Dictionary<string, Operator> all, int least, int most, params (string Name, Function Function)[] operators)
    {
        foreach (var (name, function) in operators)
            all[name] = new(function, least, most, None);
    }
}
