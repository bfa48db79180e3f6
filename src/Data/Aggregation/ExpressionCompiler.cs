using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Aggregation;

/// <summary>Prints expressions over the documents of one shape.</summary>
internal sealed partial class ExpressionCompiler(Statement sql, Shape shape, ImmutableDictionary<string, Term> variables)
{
    /// <summary>Names that values have inside.</summary>
    public ImmutableDictionary<string, Term> Variables => variables;

    /// <summary>Prints an expression.</summary>
    /// <exception cref="Refusal">A variable that there is not.</exception>
    public Term Compile(Expression expression)
    {
        switch (expression)
        {
            case Expression.Literal literal: return Constant(literal);
            case Expression.Path path: return Path(path);
            case Expression.Call call: return Call(call);
            case Expression.Object obj: return Object(obj);
            case Expression.Array array: return Array(array);
            case Expression.Choose choose: return Choose(choose);
            case Expression.Map map: return Map(map);
            case Expression.Filter filter: return Filter(filter);
            case Expression.Reduce reduce: return Reduce(reduce);
            case Expression.Let let: return Let(let);
            case Expression.Matches matches:
                var text = $"aggregation.need_text({Compile(matches.Input).ToJson()}, '$regexMatch') collate \"C\"";
                return Condition($"coalesce({sql.Fragment(s => FilterCompiler.PrintPattern(s, text, matches.Pattern))}, false)");
            case Expression.Finds finds:
                var pattern = sql.Fragment(s => s.Text(FilterCompiler.Clean(finds.Pattern.Expression)));
                return Term.Json($"aggregation.regex_find({Compile(finds.Input).ToJson()}, {pattern}, {(finds.Pattern.IgnoreCase ? "true" : "false")}, "
                    + $"{finds.Groups.ToString(System.Globalization.CultureInfo.InvariantCulture)}, {(finds.All ? "true" : "false")})");
            default: return Term.Json("null::jsonb", true);
        }
    }

    /// <summary>The same inside a scope that has more names.</summary>
    private ExpressionCompiler With(string name, Term value) => new(sql, shape, variables.SetItem(name, value));

    private Term Constant(Expression.Literal literal)
    {
        var reader = new Utf8JsonReader(literal.Json, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 10 });
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                var number = NestedJson.ReadNumber(ref reader);
                return new Term(sql.Fragment(s => s.Number(number)), TermType.Number, Nulls.Never, true);
            case JsonTokenType.String:
                var text = NestedJson.ReadString(ref reader);
                return new Term(sql.Fragment(s => s.Text(FilterCompiler.Clean(text))), TermType.Text, Nulls.Never, true);
            case JsonTokenType.True or JsonTokenType.False:
                return Condition(reader.TokenType == JsonTokenType.True ? "true" : "false");
            case JsonTokenType.Null:
                return new Term("'null'::jsonb", TermType.Json, Nulls.Never, true);
            default:
                return new Term(sql.Fragment(s => s.Json(literal.Json)), TermType.Json, Nulls.Never, true);
        }
    }

    private Term Path(Expression.Path path)
    {
        if (path.Variable is null)
            return shape.Get(sql, path.Steps);
        return variables.TryGetValue(path.Variable, out var value)
            ? Shape.Below(sql, value, path.Steps)
            : throw new Refusal(RefusalKind.InvalidExpression, $"Use of undefined variable: {path.Variable}");
    }

    private Term Object(Expression.Object obj)
    {
        if (obj.Members.IsEmpty)
            return new Term("'{}'::jsonb", TermType.Json, Nulls.Never, true);
        var values = string.Join(", ", obj.Members.Select(m => Compile(m.Value).ToJson()));
        return new Term($"aggregation.document({Shape.Steps(sql, obj.Members.Select(m => m.Key))}, array[{values}])", TermType.Json, Nulls.Never);
    }

    private Term Array(Expression.Array array) => array.Items.IsEmpty
        ? new Term("'[]'::jsonb", TermType.Json, Nulls.Never, true)
        : new Term($"to_jsonb({List(array.Items.Select(i => Compile(i).ToJsonOrNull()))})", TermType.Json, Nulls.Never);

    private Term Choose(Expression.Choose choose)
    {
        var branches = choose.Branches.Select(b => (When: Compile(b.Key).ToTruth(), Then: Compile(b.Value))).ToList();
        Term? otherwise = choose.Otherwise is null ? null : Compile(choose.Otherwise);
        var text = new StringBuilder("case");

        // Typed when all agree: sums of conditions are common, and numbers need no detour through JSON.
        var type = branches[0].Then.Type;
        if (type != TermType.Json && otherwise is { } last && last.Type == type && last.Nulls == Nulls.Never && branches.TrueForAll(b => b.Then.Type == type && b.Then.Nulls == Nulls.Never))
        {
            foreach (var (when, then) in branches)
                text.Append(" when ").Append(when).Append(" then ").Append(then.Sql);
            return new Term(text.Append(" else ").Append(last.Sql).Append(" end").ToString(), type, Nulls.Never);
        }

        foreach (var (when, then) in branches)
            text.Append(" when ").Append(when).Append(" then ").Append(then.ToJson());
        text.Append(" else ").Append(otherwise?.ToJson() ?? "aggregation.refuse('$switch found no branch and has no default')").Append(" end");
        return Term.Json(text.ToString());
    }

    private Term Map(Expression.Map map)
    {
        var (input, element) = (sql.Alias(), sql.Alias());
        var body = With(map.Variable, Term.Json(element + ".x", true)).Compile(map.Body).ToJsonOrNull();
        return Term.Json(OverArray(map.Input, input,
            $"(select coalesce(jsonb_agg({body} order by {element}.n), '[]') from aggregation.elements({input}.v, '$map') as {element})"));
    }

    private Term Filter(Expression.Filter filter)
    {
        var (input, element) = (sql.Alias(), sql.Alias());
        var condition = With(filter.Variable, Term.Json(element + ".x", true)).Compile(filter.Condition).ToTruth();
        var limit = filter.Limit is null ? "" : $" order by {element}.n limit greatest(aggregation.need_number({Compile(filter.Limit).ToJson()}, '$filter'), 1)::bigint";
        return Term.Json(OverArray(filter.Input, input,
            $"(select coalesce(jsonb_agg(y.x order by y.n), '[]') from (select {element}.x, {element}.n from aggregation.elements({input}.v, '$filter') as {element} where {condition}{limit}) as y)"));
    }

    private Term Reduce(Expression.Reduce reduce)
    {
        var (input, element, fold) = (sql.Alias(), sql.Alias(), sql.Alias());
        var body = With("value", Term.Json(fold + ".v", true)).With("this", Term.Json(element + ".x", true)).Compile(reduce.Body).ToJsonOrNull();
        var initial = Compile(reduce.Initial).ToJsonOrNull();
        return Term.Json(OverArray(reduce.Input, input,
            $"(with recursive {fold}(n, v) as (select 0::bigint, {initial} union all select {element}.n, {body} from {fold} join aggregation.elements({input}.v, '$reduce') as {element} on {element}.n = {fold}.n + 1)"
            + $" select {fold}.v from {fold} order by {fold}.n desc limit 1)"));
    }

    /// <summary>Something over an array, which is printed once; null when there is none.</summary>
    private string OverArray(Expression array, string alias, string value) =>
        $"(select case when aggregation.is_null({alias}.v) then 'null'::jsonb else {value} end from (select {Compile(array).ToJson()} as v offset 0) as {alias})";

    private Term Let(Expression.Let let)
    {
        var alias = sql.Alias();
        var names = variables;
        var columns = new List<string>();
        foreach (var (name, value) in let.Variables)
        {
            columns.Add($"{Compile(value).ToJson()} as v{columns.Count}");
            names = names.SetItem(name, Term.Json($"{alias}.v{columns.Count - 1}", true));
        }

        var body = new ExpressionCompiler(sql, shape, names).Compile(let.Body).ToJson();
        return columns.Count == 0 ? Term.Json(body) : Term.Json($"(select {body} from (select {string.Join(", ", columns)} offset 0) as {alias})");
    }

    private static Term Condition(string text) => new(text, TermType.Boolean, Nulls.Never);

    private static string List(IEnumerable<string> values) => $"array[{string.Join(", ", values)}]::jsonb[]";
}
