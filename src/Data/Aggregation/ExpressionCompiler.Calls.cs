using System.Collections.Frozen;

namespace Backend.Data.Aggregation;

/// <content>Operators.</content>
internal sealed partial class ExpressionCompiler
{
    /// <summary>Operators that are one call: {0}… are the arguments as jsonb, {*} all of them as an array. The text before a bar says what comes back.</summary>
    private static readonly FrozenDictionary<Function, string> Calls = new Dictionary<Function, string>
    {
        [Function.Add] = "aggregation.add({*})",
        [Function.Subtract] = "aggregation.subtract({0}, {1})",
        [Function.Multiply] = "aggregation.multiply({*})",
        [Function.Divide] = "aggregation.divide({0}, {1})",
        [Function.Mod] = "aggregation.mod({0}, {1})",
        [Function.Pow] = "aggregation.pow({0}, {1})",
        [Function.Log] = "aggregation.log({0}, {1})",
        [Function.Abs] = "aggregation.unary('$abs', {0})",
        [Function.Ceiling] = "aggregation.unary('$ceil', {0})",
        [Function.Floor] = "aggregation.unary('$floor', {0})",
        [Function.SquareRoot] = "aggregation.unary('$sqrt', {0})",
        [Function.Exp] = "aggregation.unary('$exp', {0})",
        [Function.Ln] = "aggregation.unary('$ln', {0})",
        [Function.Log10] = "aggregation.unary('$log10', {0})",
        [Function.Round] = "aggregation.round({0}, {1})",
        [Function.Truncate] = "aggregation.trunc({0}, {1})",
        [Function.Sine] = "aggregation.trigonometry('$sin', {0})",
        [Function.Cosine] = "aggregation.trigonometry('$cos', {0})",
        [Function.Tangent] = "aggregation.trigonometry('$tan', {0})",
        [Function.ArcSine] = "aggregation.trigonometry('$asin', {0})",
        [Function.ArcCosine] = "aggregation.trigonometry('$acos', {0})",
        [Function.ArcTangent] = "aggregation.trigonometry('$atan', {0})",
        [Function.ArcTangent2] = "aggregation.atan2({0}, {1})",
        [Function.HyperbolicSine] = "aggregation.trigonometry('$sinh', {0})",
        [Function.HyperbolicCosine] = "aggregation.trigonometry('$cosh', {0})",
        [Function.HyperbolicTangent] = "aggregation.trigonometry('$tanh', {0})",
        [Function.HyperbolicArcSine] = "aggregation.trigonometry('$asinh', {0})",
        [Function.HyperbolicArcCosine] = "aggregation.trigonometry('$acosh', {0})",
        [Function.HyperbolicArcTangent] = "aggregation.trigonometry('$atanh', {0})",
        [Function.ToRadians] = "aggregation.trigonometry('$degreesToRadians', {0})",
        [Function.ToDegrees] = "aggregation.trigonometry('$radiansToDegrees', {0})",
        [Function.Sum] = "aggregation.accumulate('$sum', {*})",
        [Function.Average] = "aggregation.accumulate('$avg', {*})",
        [Function.Minimum] = "aggregation.accumulate('$min', {*})",
        [Function.Maximum] = "aggregation.accumulate('$max', {*})",
        [Function.DeviationOfPopulation] = "aggregation.accumulate('$stdDevPop', {*})",
        [Function.DeviationOfSample] = "aggregation.accumulate('$stdDevSamp', {*})",
        [Function.TypeName] = "text|aggregation.type_name({0})",
        [Function.IsNumber] = "boolean|(aggregation.rank({0}) = 2)",
        [Function.IsArray] = "boolean|(aggregation.rank({0}) = 5)",
        [Function.ToBoolean] = "aggregation.to_bool({0})",
        [Function.ToInt] = "aggregation.to_double({0}, '$toInt')",
        [Function.ToLong] = "aggregation.to_double({0}, '$toLong')",
        [Function.ToDouble] = "aggregation.to_double({0}, '$toDouble')",
        [Function.ToText] = "aggregation.to_text({0})",
        [Function.ToDate] = "aggregation.to_date({0})",
        [Function.Convert] = "aggregation.convert({0}, {1}, {2}, {3})",
        [Function.Concat] = "aggregation.concat({*})",
        [Function.ToLower] = "aggregation.change_case('$toLower', {0})",
        [Function.ToUpper] = "aggregation.change_case('$toUpper', {0})",
        [Function.SubstringBytes] = "aggregation.substr({0}, {1}, {2}, true)",
        [Function.Substring] = "aggregation.substr({0}, {1}, {2}, false)",
        [Function.LengthBytes] = "aggregation.length_of('$strLenBytes', {0})",
        [Function.Length] = "aggregation.length_of('$strLenCP', {0})",
        [Function.Split] = "aggregation.split({0}, {1})",
        [Function.Trim] = "aggregation.trim('$trim', {0}, {1})",
        [Function.TrimStart] = "aggregation.trim('$ltrim', {0}, {1})",
        [Function.TrimEnd] = "aggregation.trim('$rtrim', {0}, {1})",
        [Function.IndexOfBytes] = "aggregation.index_of_text('$indexOfBytes', {0}, {1}, {2}, {3})",
        [Function.IndexOf] = "aggregation.index_of_text('$indexOfCP', {0}, {1}, {2}, {3})",
        [Function.ReplaceFirst] = "aggregation.replace_text({0}, {1}, {2}, false)",
        [Function.ReplaceAll] = "aggregation.replace_text({0}, {1}, {2}, true)",
        [Function.CompareIgnoringCase] = "aggregation.compare_case({0}, {1})",
        [Function.Size] = "aggregation.size({0})",
        [Function.ElementAt] = "aggregation.element_at({0}, {1}, '$arrayElemAt')",
        [Function.FirstElement] = "aggregation.element_at({0}, '0', '$first')",
        [Function.LastElement] = "aggregation.element_at({0}, '-1', '$last')",
        [Function.In] = "boolean|aggregation.holds({0}, {1})",
        [Function.ConcatArrays] = "aggregation.concat_arrays({*})",
        [Function.Slice] = "aggregation.slice({0}, {1}, {2})",
        [Function.Reverse] = "aggregation.reverse({0})",
        [Function.IndexOfElement] = "aggregation.index_of({0}, {1}, {2}, {3})",
        [Function.Range] = "aggregation.range({0}, {1}, {2})",
        [Function.SetUnion] = "aggregation.sets('$setUnion', {*})",
        [Function.SetIntersection] = "aggregation.sets('$setIntersection', {*})",
        [Function.SetDifference] = "aggregation.sets('$setDifference', {*})",
        [Function.SetIsSubset] = "aggregation.sets('$setIsSubset', {*})",
        [Function.SetEquals] = "aggregation.sets('$setEquals', {*})",
        [Function.AnyTrue] = "boolean|aggregation.elements_true('$anyElementTrue', {0})",
        [Function.AllTrue] = "boolean|aggregation.elements_true('$allElementsTrue', {0})",
        [Function.ArrayToObject] = "aggregation.array_to_object({0})",
        [Function.SortArray] = "aggregation.sort_array({0}, {1})",
        [Function.Zip] = "aggregation.zip({0}, {1}, {2})",
        [Function.FirstElements] = "aggregation.some_of('$firstN', {1}, {0})",
        [Function.LastElements] = "aggregation.some_of('$lastN', {1}, {0})",
        [Function.LargestElements] = "aggregation.some_of('$maxN', {1}, {0})",
        [Function.SmallestElements] = "aggregation.some_of('$minN', {1}, {0})",
        [Function.SetField] = "aggregation.set_field({1}, {0}, {2})",
        [Function.ObjectToArray] = "aggregation.object_to_array({0})",
        [Function.MergeObjects] = "aggregation.merge_objects({*})",
        [Function.GetField] = "({0} -> aggregation.need_text({1}, '$getField'))",
        [Function.Compare] = "number|aggregation.compare({0}, {1})::double precision",
        [Function.DateFromText] = "aggregation.date_from_text({0}, {1}, {2}, {3}, {4})",
        [Function.DateFromParts] = "aggregation.date_from_parts({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7})",
        [Function.Random] = "number|random()",
        [Function.Now] = "timestamp|date_trunc('milliseconds', statement_timestamp())",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<Function, string> DateParts = new Dictionary<Function, string>
    {
        [Function.Year] = "$year",
        [Function.Month] = "$month",
        [Function.DayOfMonth] = "$dayOfMonth",
        [Function.DayOfWeek] = "$dayOfWeek",
        [Function.DayOfYear] = "$dayOfYear",
        [Function.Hour] = "$hour",
        [Function.Minute] = "$minute",
        [Function.Second] = "$second",
        [Function.Millisecond] = "$millisecond",
        [Function.Week] = "$week",
        [Function.IsoWeek] = "$isoWeek",
        [Function.IsoWeekYear] = "$isoWeekYear",
        [Function.IsoDayOfWeek] = "$isoDayOfWeek",
    }.ToFrozenDictionary();

    private Term Call(Expression.Call call)
    {
        var arguments = call.Arguments.Select(a => a is null ? (Term?)null : Compile(a)).ToArray();
        switch (call.Function)
        {
            case Function.And:
                return Condition(arguments.Length == 0 ? "true" : $"({string.Join(" and ", arguments.Select(a => a!.Value.ToTruth()))})");
            case Function.Or:
                return Condition(arguments.Length == 0 ? "false" : $"({string.Join(" or ", arguments.Select(a => a!.Value.ToTruth()))})");
            case Function.Not:
                return Condition($"(not {arguments[0]!.Value.ToTruth()})");
            case Function.Equal or Function.NotEqual or Function.Less or Function.LessOrEqual or Function.Greater or Function.GreaterOrEqual:
                return Compare(call.Function, arguments[0]!.Value, arguments[1]!.Value);
            case Function.FirstNotNull:
                var last = arguments.Length - 1;
                return Term.Json($"coalesce({string.Join(", ", arguments.Select((a, i) => i == last ? a!.Value.ToJson() : $"nullif({a!.Value.ToJson()}, 'null')"))})");
            case Function.Add or Function.Multiply when arguments.Length > 0 && arguments.All(a => a!.Value.Type == TermType.Number):
                return new Term($"({string.Join(call.Function == Function.Add ? " + " : " * ", arguments.Select(a => a!.Value.Sql))})", TermType.Number, Nulls.Null);
            case Function.Subtract when arguments.All(a => a!.Value.Type == TermType.Number):
                return new Term($"({arguments[0]!.Value.Sql} - {arguments[1]!.Value.Sql})", TermType.Number, Nulls.Null);
            case Function.DateToText:
                return Term.Json($"aggregation.date_to_text({Instant(arguments[0], "$dateToString")}, {Given(arguments, 1)}, {Given(arguments, 2)}, {Given(arguments, 3)})");
            case Function.DateAdd or Function.DateSubtract:
                var direction = call.Function == Function.DateAdd ? "1" : "-1";
                return Term.Json($"aggregation.date_add({Instant(arguments[0], "$dateAdd")}, {Given(arguments, 1)}, {Given(arguments, 2)}, {Given(arguments, 3)}, {direction})");
            case Function.DateTruncate:
                return Term.Json($"aggregation.date_trunc({Instant(arguments[0], "$dateTrunc")}, {Given(arguments, 1)}, {Given(arguments, 2)}, {Given(arguments, 3)}, {Given(arguments, 4)})");
            case Function.DateDifference:
                return Term.Json($"aggregation.date_diff({Instant(arguments[0], "$dateDiff")}, {Instant(arguments[1], "$dateDiff")}, {Given(arguments, 2)}, {Given(arguments, 3)}, {Given(arguments, 4)})");
            case Function.DateToParts:
                return Term.Json($"aggregation.date_to_parts({Instant(arguments[0], "$dateToParts")}, {Given(arguments, 1)}, {Given(arguments, 2)})");
        }

        if (DateParts.TryGetValue(call.Function, out var part))
        {
            var instant = Instant(arguments[0], part);
            var local = arguments.Length > 1 && arguments[1] is { } zone ? $"aggregation.local({instant}, {zone.ToJsonOrNull()})" : $"({instant} at time zone 'UTC')";
            return new Term($"aggregation.date_part('{part}', {local})", TermType.Number, Nulls.Null);
        }

        if (call.Function is Function.Round or Function.Truncate or Function.Trim or Function.TrimStart or Function.TrimEnd or Function.DateFromText or Function.DateFromParts)
            arguments = [.. arguments.Select(a => a is { } given ? Term.Json(given.ToJsonOrNull()) : a)];
        return Printed(Calls[call.Function], arguments);
    }

    private static Term Printed(string format, Term?[] arguments)
    {
        var bar = format.IndexOf('|', StringComparison.Ordinal);
        var text = format[(bar + 1)..];
        text = text.Contains("{*}", StringComparison.Ordinal)
            ? text.Replace("{*}", List(arguments.Select(a => a?.ToJson() ?? "null")), StringComparison.Ordinal)
            : string.Format(System.Globalization.CultureInfo.InvariantCulture, text, [.. Enumerable.Range(0, 8).Select(i => Json(arguments, i))]);
        return (bar < 0 ? "" : format[..bar]) switch
        {
            "boolean" => Condition(text),
            "text" => new Term(text, TermType.Text, Nulls.Never),
            "number" => new Term(text, TermType.Number, Nulls.Never),
            "timestamp" => new Term(text, TermType.Timestamp, Nulls.Never),
            _ => Term.Json(text),
        };
    }

    private static string Json(Term?[] arguments, int i) => i < arguments.Length && arguments[i] is { } argument ? argument.ToJson() : "null::jsonb";

    /// <summary>An argument that may be left out: one that is given and missing is null, which is not the same.</summary>
    private static string Given(Term?[] arguments, int i) => i < arguments.Length && arguments[i] is { } argument ? argument.ToJsonOrNull() : "null::jsonb";

    private static string Instant(Term? term, string name) =>
        term is not { } value ? "null::timestamptz" : value.Type == TermType.Timestamp ? value.Sql : $"aggregation.as_instant({value.ToJson()}, '{name}')";

    /// <summary>Compares over all types. Null and missing come before everything, so of two typed values only the second may not be null.</summary>
    private static Term Compare(Function function, Term left, Term right)
    {
        var op = function switch
        {
            Function.Equal => "=",
            Function.NotEqual => "<>",
            Function.Less => "<",
            Function.LessOrEqual => "<=",
            Function.Greater => ">",
            _ => ">=",
        };
        if (left.Type != TermType.Json && left.Type == right.Type && right.Nulls == Nulls.Never)
        {
            var collation = left.Type == TermType.Text ? " collate \"C\"" : "";
            var text = $"{left.Sql}{collation} {op} {right.Sql}";
            return Condition(left.Nulls == Nulls.Never ? $"({text})" : $"coalesce({text}, {(function is Function.NotEqual or Function.Less or Function.LessOrEqual ? "true" : "false")})");
        }

        return Condition($"(aggregation.compare({left.ToJson()}, {right.ToJson()}) {op} 0)");
    }
}
