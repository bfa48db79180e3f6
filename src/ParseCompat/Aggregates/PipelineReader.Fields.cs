using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Aggregation;

namespace Backend.ParseCompat.Aggregates;

/// <content>Stages that make fields: projections and groups.</content>
internal sealed partial class PipelineReader
{
    private Stage ReadProject(JsonElement spec, ref DocumentNames names, ImmutableHashSet<string> variables, int depth)
    {
        var kept = new List<ImmutableArray<string>>();
        var dropped = new List<ImmutableArray<string>>();
        var computed = new List<Assignment>();
        ReadProjection(Object(spec, "$project"), [], kept, dropped, computed, names, new ExpressionReader(limits, names, variables), depth);
        var dropsId = dropped.RemoveAll(p => p is ["_id"]) > 0;
        if (kept.Count + dropped.Count + computed.Count == 0 && !dropsId)
            throw ExpressionReader.Bad("$project specification must have at least one field");
        if (kept.Count + computed.Count == 0)
        {
            if (dropsId)
                dropped.Add(["_id"]);
            names = names.Without(dropped.Where(p => p.Length == 1).Select(p => p[0]));
            return new Stage.Unset([.. dropped]);
        }

        if (dropped.Count > 0)
            throw ExpressionReader.Bad($"Invalid $project: cannot do exclusion on field {string.Join('.', dropped[0])} in inclusion projection");
        if (!dropsId && !computed.Exists(c => c.Path[0] == "_id") && !kept.Exists(p => p is ["_id"]))
            kept.Insert(0, ["_id"]);
        names = names.Become(kept.Select(p => p[0]).Concat(computed.Select(c => c.Path[0])));
        return new Stage.Project([.. kept], [.. computed]);
    }

    private void ReadProjection(JsonElement spec, ImmutableArray<string> above, List<ImmutableArray<string>> kept, List<ImmutableArray<string>> dropped, List<Assignment> computed,
        DocumentNames names, ExpressionReader expressions, int depth)
    {
        limits.CountNode(depth);
        foreach (var member in spec.EnumerateObject())
        {
            if (member.Name.Length == 0 || member.Name[0] == '$')
                throw ExpressionReader.Bad($"FieldPath field names may not start with '$': {member.Name}");
            var path = above.IsEmpty ? names.Path(member.Name) : above.AddRange(member.Name.Split('.'));
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.True:
                    kept.Add(path);
                    break;
                case JsonValueKind.False:
                    dropped.Add(path);
                    break;
                case JsonValueKind.Number:
                    (member.Value.GetDouble() != 0 ? kept : dropped).Add(path);
                    break;
                case JsonValueKind.Object when IsNestedSpec(member.Value):
                    ReadProjection(member.Value, path, kept, dropped, computed, names, expressions, depth + 1);
                    break;
                default:
                    computed.Add(new Assignment(path, expressions.Read(member.Value, depth + 1)));
                    break;
            }
        }
    }

    private void ReadFields(List<Assignment> added, JsonElement spec, ImmutableArray<string> above, DocumentNames names, ExpressionReader expressions, int depth)
    {
        limits.CountNode(depth);
        foreach (var member in spec.EnumerateObject())
        {
            if (member.Name.Length == 0 || member.Name[0] == '$' || member.Name.Split('.').Any(s => s.Length == 0))
                throw ExpressionReader.Bad($"Invalid field name: '{member.Name}'");
            var path = above.AddRange(member.Name.Split('.'));
            if (member.Value.ValueKind == JsonValueKind.Object && IsNestedSpec(member.Value))
                ReadFields(added, member.Value, path, names, expressions, depth + 1);
            else
                added.Add(new Assignment(path, expressions.Read(member.Value, depth + 1)));
        }
    }

    /// <summary>Whether an object stands for fields below, not for an expression or a typed value.</summary>
    private static bool IsNestedSpec(JsonElement value)
    {
        foreach (var member in value.EnumerateObject())
            return member.Name.Length > 0 && member.Name[0] != '$' && member.Name != "__type";
        return false;
    }

    private Stage.Group ReadGroup(JsonElement spec, ref DocumentNames names, ExpressionReader expressions, int depth)
    {
        Object(spec, "$group");
        if (spec.TryGetProperty("objectId", out _))
            throw ExpressionReader.Bad("Cannot use 'objectId' in aggregation stage $group.");
        if (!spec.TryGetProperty("_id", out var id))
            throw ExpressionReader.Bad("Invalid parameter for query: group. Missing key _id");
        var key = expressions.Read(id, depth + 1);
        HasPointerKey |= key is Expression.Path { Variable: null, Steps: [var root] } && root.StartsWith("_p_", StringComparison.Ordinal);
        var accumulations = ReadAccumulations(spec, expressions, depth).ToImmutableArray();
        names = names.Become(accumulations.Select(a => a.Name).Append("_id"));
        return new Stage.Group(key, accumulations);
    }

    private List<Accumulation> ReadAccumulations(JsonElement spec, ExpressionReader expressions, int depth)
    {
        var accumulations = new List<Accumulation>();
        foreach (var member in spec.EnumerateObject())
        {
            if (member.Name == "_id")
                continue;
            limits.CountNode(depth);
            if (member.Name.Contains('.', StringComparison.Ordinal) || member.Name.StartsWith('$'))
                throw ExpressionReader.Bad($"The field name '{member.Name}' cannot contain '.' or begin with '$'");
            if (member.Value.ValueKind != JsonValueKind.Object || member.Value.EnumerateObject().Count() != 1)
                throw ExpressionReader.Bad($"The field '{member.Name}' must be an accumulator object");
            var (name, operand) = PipelineReader.Only(member.Value);
            var accumulator = name switch
            {
                "$sum" => Accumulator.Sum,
                "$avg" => Accumulator.Average,
                "$min" => Accumulator.Minimum,
                "$max" => Accumulator.Maximum,
                "$first" => Accumulator.First,
                "$last" => Accumulator.Last,
                "$push" => Accumulator.Push,
                "$addToSet" => Accumulator.AddToSet,
                "$count" => Accumulator.Count,
                "$stdDevPop" => Accumulator.DeviationOfPopulation,
                "$stdDevSamp" => Accumulator.DeviationOfSample,
                "$mergeObjects" => Accumulator.MergeObjects,
                _ => throw ExpressionReader.Bad($"unknown group operator '{name}'"),
            };
            var value = accumulator == Accumulator.Count ? Expression.Missing : expressions.Read(operand, depth + 1);
            // The sum of ones counts.
            if (accumulator == Accumulator.Sum && operand.ValueKind == JsonValueKind.Number && operand.GetDouble() == 1)
                accumulator = Accumulator.Count;
            accumulations.Add(new Accumulation(member.Name, accumulator, value));
        }

        return accumulations;
    }

    private void ReadBucket(ImmutableArray<Stage>.Builder read, JsonElement spec, ref DocumentNames names, ExpressionReader expressions, int depth)
    {
        var by = expressions.Read(Member(spec, "groupBy", "$bucket"), depth + 1);
        var boundaries = Member(spec, "boundaries", "$bucket") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() >= 2
            ? list.EnumerateArray().Select(ExpressionReader.Literal).ToList()
            : throw ExpressionReader.Bad("The $bucket 'boundaries' field must have at least 2 values");
        var branches = boundaries.Zip(boundaries.Skip(1)).Select(b => KeyValuePair.Create<Expression, Expression>(
            new Expression.Call(Function.And, [new Expression.Call(Function.GreaterOrEqual, [by, b.First]), new Expression.Call(Function.Less, [by, b.Second])]), b.First)).ToImmutableArray();
        Expression? otherwise = spec.TryGetProperty("default", out var given) ? ExpressionReader.Literal(given) : null;
        List<Accumulation> output = spec.TryGetProperty("output", out var wanted)
            ? ReadAccumulations(Object(wanted, "$bucket"), expressions, depth)
            : [new("count", Accumulator.Count, Expression.Missing)];
        read.Add(new Stage.Group(new Expression.Choose(branches, otherwise), [.. output]));
        read.Add(new Stage.Sort([new SortKey(["_id"], Descending: false)]));
        names = names.Become(output.Select(a => a.Name).Append("_id"));
    }
}
