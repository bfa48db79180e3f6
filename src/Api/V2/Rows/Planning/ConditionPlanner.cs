using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>
/// Conditions of the dialect, which are three-valued as in SQL, into <see cref="Filter"/>, which is two-valued. A negation is carried down to
/// the comparisons; there "not true" becomes "has a value, and is not so". What remains are "and" and "or", under which unknown and false are the same.
/// </summary>
internal sealed class ConditionPlanner(Table table)
{
    private int _conditions;
    private int _elements;

    public Filter Plan(ImmutableArray<Condition> conditions) => conditions switch
    {
        [] => Filter.Always,
        [var one] => Plan(one, false),
        _ => new Filter.AllOf([.. conditions.Select(c => Plan(c, false))]),
    };

    private Filter Plan(Condition condition, bool negated)
    {
        if (condition is Condition.Group group)
        {
            negated ^= group.Negated;
            var parts = group.Conditions.Select(c => Plan(c, negated)).ToImmutableArray();
            return group.Any ^ negated ? new Filter.AnyOf(parts) : new Filter.AllOf(parts);
        }

        Count();
        var test = (Condition.Test)condition;
        return Plan(test, negated ^ test.Negated);
    }

    private void Count()
    {
        if (++_conditions > Limits.MaxConditions)
            throw new Problem(400, ProblemCodes.Limit, $"A request may hold {Limits.MaxConditions} conditions.");
    }

    private Filter Plan(Condition.Test test, bool negated)
    {
        if ((_elements += test.List.Length) > Limits.MaxListElements)
            throw new Problem(400, ProblemCodes.Limit, $"The lists of a request may hold {Limits.MaxListElements} elements.");
        var path = Columns.Path(table, test.Column);
        switch (test.Operator)
        {
            case Operator.Is:
                return Is(path, test, negated);
            case Operator.IsDistinct:
                // Distinct is never unknown: null is distinct from every value.
                var same = Compare(path, test, Operator.Equal, test.Operand);
                return negated ? same : new Filter.Not(same);
            case Operator.NotEqual:
                return Literal(path, Compare(path, test, Operator.Equal, test.Operand), !negated);
            case Operator.In:
                return Literal(path, In(path, test, test.List), negated);
            case Operator.Contains or Operator.Overlaps:
                return Literal(path, Contains(path, test), negated);
            default:
                if (test.Quantifier == Quantifier.None)
                    return Literal(path, Compare(path, test, test.Operator, test.Operand), negated);
                var parts = test.List.Select(operand => Compare(path, test, test.Operator, operand)).ToImmutableArray();
                return Literal(path, test.Quantifier == Quantifier.Any ? new Filter.AnyOf(parts) : new Filter.AllOf(parts), negated);
        }
    }

    /// <summary>A comparison that is false for null; its negation must be so as well.</summary>
    private static Filter Literal(FieldPath path, Filter comparison, bool negated) =>
        negated ? new Filter.AllOf([new Filter.HasValue(path), new Filter.Not(comparison)]) : comparison;

    private static Filter Is(FieldPath path, Condition.Test test, bool negated)
    {
        switch (test.Operand)
        {
            case "null" or "not_null":
                return new Filter.HasValue(path) is var has && (test.Operand == "null") ^ negated ? new Filter.Not(has) : has;
            case "true" or "false" or "unknown" when path.Field.Kind is FieldKind.Boolean || !path.Steps.IsEmpty:
                Filter holds = test.Operand == "unknown" ? new Filter.Not(new Filter.HasValue(path)) : new Filter.Equal(path, Value.Of(test.Operand == "true"));
                return negated ? new Filter.Not(holds) : holds;
            case "true" or "false" or "unknown":
                throw new Problem(400, ProblemCodes.Type, $"argument of IS {test.Operand.ToUpperInvariant()} must be type boolean, not type {Columns.TypeName(path.Field.Kind)}");
            default:
                throw new Problem(400, ProblemCodes.Query, $"\"failed to parse filter (is.{test.Operand})\"",
                    "expecting isVal: (null, not_null, true, false, unknown)");
        }
    }

    private static Filter In(FieldPath path, Condition.Test test, ImmutableArray<string> list)
    {
        if (path.Steps.IsEmpty)
            return new Filter.In(path, [.. list.Select(text => Operands.Read(path.Field, text))]);
        return new Filter.In(path, [.. list.SelectMany(text => JsonOperand(test, text))]);
    }

    private static Filter Compare(FieldPath path, Condition.Test test, Operator op, string operand)
    {
        switch (op)
        {
            case Operator.Equal when path.Steps.IsEmpty:
                return new Filter.Equal(path, Operands.Read(path.Field, operand));
            case Operator.Equal:
                return JsonOperand(test, operand) is [var only] ? new Filter.Equal(path, only) : new Filter.In(path, JsonOperand(test, operand));
            case Operator.Like or Operator.ILike or Operator.Match or Operator.IMatch:
                return Pattern(path, test, op, operand);
        }

        if (path.Steps.IsEmpty && path.Field.Kind is not (FieldKind.Text or FieldKind.Number or FieldKind.Timestamp))
            throw Unordered(path, op);
        var value = path.Steps.IsEmpty ? Operands.Read(path.Field, operand) : test.Column.AsText ? Value.Of(operand) : Operands.Json(operand);
        if (value.Kind is not (ValueKind.Text or ValueKind.Number or ValueKind.Timestamp))
            throw Unordered(path, op);
        return new Filter.Compare(path, op switch
        {
            Operator.Less => Comparison.Less,
            Operator.LessOrEqual => Comparison.LessOrEqual,
            Operator.Greater => Comparison.Greater,
            _ => Comparison.GreaterOrEqual,
        }, value);
    }

    /// <summary>
    /// The values that an operand of a JSON path stands for. Behind <c>-></c> it is JSON. Behind <c>->></c> it is the text of the value, so that it
    /// stands for a number and a boolean as well as for a text.
    /// </summary>
    private static ImmutableArray<Value> JsonOperand(Condition.Test test, string text)
    {
        if (!test.Column.AsText)
            return [Operands.Json(text)];
        if (text is "true" or "false")
            return [Value.Of(text), Value.Of(text == "true")];
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            && number.ToString("R", CultureInfo.InvariantCulture) == text
            ? [Value.Of(text), Value.Of(number)]
            : [Value.Of(text)];
    }

    private static Filter.Matches Pattern(FieldPath path, Condition.Test test, Operator op, string operand)
    {
        var isText = path.Steps.IsEmpty ? path.Field.Kind == FieldKind.Text : test.Column.AsText;
        if (!isText)
        {
            var sign = op switch { Operator.Like => "~~", Operator.ILike => "~~*", Operator.Match => "~", _ => "~*" };
            throw new Problem(400, ProblemCodes.Operator, $"operator does not exist: {Columns.TypeName(path.Field.Kind)} {sign} unknown", $"Field: {path.Field.Name}");
        }

        if (op is Operator.Like or Operator.ILike)
        {
            var pattern = operand.Replace('*', '%');
            if (EndsInEscape(pattern))
                throw new Problem(400, "22025", "LIKE pattern must not end with escape character");
            return new Filter.Matches(path, new TextPattern(pattern, op == Operator.ILike, IsLike: true, op == Operator.Like ? LikePrefix(pattern) : null));
        }

        // "***" would make the rest of the pattern something else than a regular expression with PostgreSQL's usual syntax.
        return operand.StartsWith("***", StringComparison.Ordinal)
            ? throw new Problem(400, ProblemCodes.Pattern, "invalid regular expression: quantifier operand invalid")
            : new Filter.Matches(path, new TextPattern(operand, op == Operator.IMatch));
    }

    private static bool EndsInEscape(string pattern)
    {
        var backslashes = 0;
        for (var i = pattern.Length - 1; i >= 0 && pattern[i] == '\\'; i--)
            backslashes++;
        return backslashes % 2 == 1;
    }

    /// <summary>What every match of a LIKE pattern begins with, or null.</summary>
    private static string? LikePrefix(string pattern)
    {
        var prefix = new StringBuilder();
        for (var i = 0; i < pattern.Length && pattern[i] is not ('%' or '_'); i++)
        {
            if (pattern[i] == '\\')
                i++;
            prefix.Append(pattern[i]);
        }

        return prefix.Length > 0 ? prefix.ToString() : null;
    }

    /// <summary>Arrays contain elements, objects contain members: each part of the operand is a condition of its own.</summary>
    private Filter Contains(FieldPath path, Condition.Test test)
    {
        var kind = path.Field.Kind;
        if (kind is not (FieldKind.Object or FieldKind.Array) || test.Column.AsText)
        {
            throw new Problem(400, ProblemCodes.Operator,
                $"operator does not exist: {Columns.TypeName(kind)} {(test.Operator == Operator.Contains ? "@>" : "&&")} unknown", $"Field: {path.Field.Name}");
        }

        if (test.Operand.StartsWith('{') && kind == FieldKind.Array && path.Steps.IsEmpty)
            return Elements(path, test.Operator, [.. ArrayLiteral.Read(test.Operand).SelectMany(Element)]);

        var value = Operands.Json(test.Operand);
        if (value.Kind == ValueKind.Array)
            return Elements(path, test.Operator, [.. Parts(value).Select(v => ImmutableArray.Create(v))]);
        if (value.Kind == ValueKind.Object && test.Operator == Operator.Contains)
            return Members(path, value);
        throw new Problem(400, ProblemCodes.Value, "The operand must be a list {a,b}, a JSON array or a JSON object.", $"Field: {path.Field.Name}");
    }

    /// <summary>An element of <c>{a,1,true}</c> may be meant as a text or as what it looks like.</summary>
    private static IEnumerable<ImmutableArray<Value>> Element(string text)
    {
        if (text is "true" or "false")
            return [[Value.Of(text), Value.Of(text == "true")]];
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? [[Value.Of(text), Value.Of(number)]]
            : [[Value.Of(text)]];
    }

    private Filter Elements(FieldPath path, Operator op, ImmutableArray<ImmutableArray<Value>> elements)
    {
        if ((_elements += elements.Length) > Limits.MaxListElements)
            throw new Problem(400, ProblemCodes.Limit, $"The lists of a request may hold {Limits.MaxListElements} elements.");
        if (op == Operator.Contains && elements.Length > Limits.MaxConditions)
            throw new Problem(400, ProblemCodes.Limit, $"A request may hold {Limits.MaxConditions} conditions.");
        if (op == Operator.Overlaps)
            return new Filter.In(path, [.. elements.SelectMany(e => e)]);
        return new Filter.AllOf([new Filter.HasValue(path), .. elements.Select(e => e is [var only] ? (Filter)new Filter.Equal(path, only) : new Filter.In(path, e))]);
    }

    private Filter.AllOf Members(FieldPath path, Value value)
    {
        var parts = ImmutableArray.CreateBuilder<Filter>();
        parts.Add(new Filter.HasValue(path));
        var reader = new Utf8JsonReader(value.AsBytes, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var step = path with { Steps = path.Steps.Add(NestedJson.ReadString(ref reader)) };
            reader.Read();
            var inner = Operands.Json(ref reader);
            Count();
            parts.Add(inner.Kind == ValueKind.Object ? Members(step, inner) : new Filter.Equal(step, inner));
        }

        return new Filter.AllOf(parts.ToImmutable());
    }

    private static IEnumerable<Value> Parts(Value array)
    {
        using var json = JsonDocument.Parse(array.AsBytes, new JsonDocumentOptions { MaxDepth = NestedJson.MaxDepth });
        return [.. json.RootElement.EnumerateArray().Select(e => Operands.Json(e.GetRawText()))];
    }

    private static Problem Unordered(FieldPath path, Operator op) => new(400, ProblemCodes.Operator,
        $"operator does not exist: {Columns.TypeName(path.Field.Kind)} {op switch { Operator.Less => "<", Operator.LessOrEqual => "<=", Operator.Greater => ">", _ => ">=" }} unknown",
        $"Field: {path.Field.Name}");
}
