using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Aggregation;

/// <summary>
/// Prints conditions on documents. While a key is a table's own column the condition goes to <see cref="FilterCompiler"/>, so that indexes serve
/// it; otherwise it looks at jsonb.
/// </summary>
internal sealed class ConditionCompiler(Statement sql, Shape shape, ImmutableDictionary<string, Term> variables)
{
    /// <summary>Prints a condition, which may be null where it means false.</summary>
    public string Compile(Condition condition) => condition switch
    {
        Condition.AllOf all => List(all.Conditions, " and ", "true"),
        Condition.AnyOf any => List(any.Conditions, " or ", "false"),
        Condition.Not not => $"(({Compile(not.Inner)}) is not true)",
        Condition.Holds holds => new ExpressionCompiler(sql, shape, variables).Compile(holds.Expression).ToTruth(),
        Condition.In @in => AsFilter(@in) is { } filter ? filter : In(@in),
        Condition.Compare compare => AsFilter(compare) is { } filter ? filter : Compare(compare),
        Condition.Exists exists => AsFilter(exists) is { } filter ? filter : Values(exists.Path, false, v => $"{v} is not null"),
        Condition.Matches matches => AsFilter(matches) is { } filter ? filter : Values(matches.Path, true, v =>
            $"jsonb_typeof({v}) = 'string' and {sql.Fragment(s => FilterCompiler.PrintPattern(s, $"({v} #>> '{{}}')", matches.Pattern))}"),
        Condition.Size size => Values(size.Path, false, v =>
            $"case when jsonb_typeof({v}) = 'array' then jsonb_array_length({v}) = {sql.Fragment(s => s.Number(size.Count))} end"),
        Condition.OfType type => Values(type.Path, true, v => $"aggregation.type_name({v}) = any({sql.Fragment(s => s.Texts([.. type.Types]))})"),
        Condition.Remainder mod => Values(mod.Path, true, v =>
            $"trunc(aggregation.as_number({v}))::numeric % {sql.Fragment(s => s.Number(mod.Divisor))}::numeric = {sql.Fragment(s => s.Number(mod.Expected))}::numeric"),
        Condition.AnyElement any => AnyElement(any),
        Condition.Place place => Place(place),
        _ => throw new InvalidOperationException($"Unknown condition {condition.GetType().Name}."),
    };

    /// <summary>A value as it stands in documents.</summary>
    public static byte[] ToDocument(in Value value) => RestJson.ToBytes(value);

    private string List(ImmutableArray<Condition> conditions, string between, string empty) =>
        conditions.IsEmpty ? empty : $"({string.Join(between, conditions.Select(Compile))})";

    private string In(Condition.In @in)
    {
        var wanted = @in.Values.Where(v => !v.IsNull).Select(v => ToDocument(v)).ToArray();
        var hasNull = @in.Values.Any(v => v.IsNull);
        if (wanted.Length == 0 && !hasNull)
            return "false";
        return Values(@in.Path, true, v =>
        {
            var equal = wanted.Length == 0 ? "" : wanted.Length == 1
                ? $"{v} = {sql.Fragment(s => s.Json(wanted[0]))}"
                : $"{v} = any({sql.Fragment(s => s.Jsons(wanted))})";
            return hasNull ? $"({v} is null or {v} = 'null'{(equal.Length > 0 ? " or " + equal : "")})" : equal;
        });
    }

    private string Compare(Condition.Compare compare)
    {
        if (compare.Value.IsNull)
        {
            return compare.Comparison is Comparison.LessOrEqual or Comparison.GreaterOrEqual ? In(new Condition.In(compare.Path, [Value.Null])) : "false";
        }

        var operand = sql.Fragment(s => s.Json(ToDocument(compare.Value)));
        var op = compare.Comparison switch
        {
            Comparison.Less => "<",
            Comparison.LessOrEqual => "<=",
            Comparison.Greater => ">",
            _ => ">=",
        };
        return Values(compare.Path, true, v => $"aggregation.rank({v}) = aggregation.rank({operand}) and aggregation.compare({v}, {operand}) {op} 0");
    }

    private string AnyElement(Condition.AnyElement any)
    {
        var element = sql.Alias();
        var inner = new ConditionCompiler(sql, new DocumentShape(Term.Json(element + ".x", true)), variables).Compile(any.Inner);
        return Values(any.Path, false, v =>
            $"exists (select from aggregation.elements(case when jsonb_typeof({v}) = 'array' then {v} end, '$elemMatch') as {element} where {inner})");
    }

    /// <summary>On the column itself, so that its index serves; a place that was computed or projected has none.</summary>
    private string Place(Condition.Place place) => shape is ColumnsShape columns && columns.Find(place.Path[0]) is { Field: not null } column
        ? $"({sql.Fragment(s => FilterCompiler.Print(s, place.Test, column.Alias, Caller.Administrator))})"
        : throw new Refusal(RefusalKind.InvalidExpression, "A condition on a place needs a field as it is stored: put it into the first stage.");

    /// <summary>Some value at the path meets a condition.</summary>
    private string Values(ImmutableArray<string> path, bool expand, Func<string, string> condition)
    {
        var (root, steps) = shape is ColumnsShape && !path.IsEmpty ? (shape.Get(sql, path[0]), path[1..]) : (shape.Whole(sql), path);
        var alias = sql.Alias();
        var isElement = path.IsEmpty;
        return $"exists (select from aggregation.reach({root.ToJson()}, {Shape.Steps(sql, steps)}, {(expand && !isElement ? "true" : "false")}) as {alias}(v) where {condition(alias + ".v")})";
    }

    private string? AsFilter(Condition condition)
    {
        var path = condition switch
        {
            Condition.In c => c.Path,
            Condition.Compare c => c.Path,
            Condition.Exists c => c.Path,
            Condition.Matches c => c.Path,
            _ => [],
        };
        if (path.IsEmpty || shape is not ColumnsShape columns || columns.Find(path[0]) is not { Field: { } field } column)
            return null;
        if (path.Length > 1 || field.Kind is FieldKind.Array or FieldKind.Object or FieldKind.Point or FieldKind.Polygon or FieldKind.Relation)
            return null;
        Filter? filter = condition switch
        {
            Condition.In c when c.Values.All(v => v.Kind is not (ValueKind.Object or ValueKind.Array)) =>
                new Filter.In(field, [.. c.Values.Select(v => OfField(column, field, v)).OfType<Value>()]),
            Condition.Compare { Value.IsNull: false } c when OfField(column, field, c.Value) is { } value && field.Kind is not FieldKind.Reference and not FieldKind.File and not FieldKind.Bytes =>
                new Filter.Compare(field, c.Comparison, value),
            Condition.Exists => new Filter.Exists(field),
            Condition.Matches c when field.Kind == FieldKind.Text => new Filter.Matches(field, c.Pattern),
            _ => null,
        };
        return filter is null ? null : $"({sql.Fragment(s => FilterCompiler.Print(s, filter, column.Alias, Caller.Administrator))})";
    }

    /// <summary>The value as the field has it: a reference by its id, a file by its name. Null: no row can have it.</summary>
    private static Value? OfField(Column column, Field field, Value value) => field.Kind switch
    {
        FieldKind.Reference when value.Kind == ValueKind.Text => value.AsText.StartsWith(column.Prefix, StringComparison.Ordinal)
            ? Value.Reference(field.Target!, value.AsText[column.Prefix.Length..])
            : null,
        FieldKind.File when value.Kind == ValueKind.Text => Value.File(value.AsText),
        _ => value,
    };
}
