using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Reads the stages of a pipeline in MongoDB's language (contract section 10). A stage that is not here is refused by its name.</summary>
internal sealed partial class PipelineReader(CatalogSnapshot catalog, PipelineLimits limits, string? collectionPrefix)
{
    /// <summary>Whether a group's key is a pointer alone: then results show its id.</summary>
    public bool HasPointerKey { get; private set; }

    /// <summary>Reads stages over a class.</summary>
    /// <exception cref="ParseError">102: what a stage cannot be.</exception>
    public ImmutableArray<Stage> Read(IEnumerable<KeyValuePair<string, JsonElement>> stages, Table? table) =>
        Read(stages, DocumentNames.Of(table), ExpressionReader.NoVariables, 0);

    /// <summary>The only key of a stage and its value.</summary>
    public static KeyValuePair<string, JsonElement> Only(JsonElement stage)
    {
        if (stage.ValueKind != JsonValueKind.Object)
            throw ExpressionReader.Bad("Each element of the 'pipeline' array must be an object");
        var keys = stage.EnumerateObject().Select(p => p.Name).ToList();
        return keys.Count == 1
            ? KeyValuePair.Create(keys[0], stage.GetProperty(keys[0]))
            : throw ExpressionReader.Bad($"Pipeline stages should only have one key but found {string.Join(", ", keys)}.");
    }

    private ImmutableArray<Stage> Read(IEnumerable<KeyValuePair<string, JsonElement>> stages, DocumentNames names, ImmutableHashSet<string> variables, int depth)
    {
        limits.CountNode(depth);
        var read = ImmutableArray.CreateBuilder<Stage>();
        foreach (var (name, spec) in stages)
        {
            limits.CountStage();
            ReadStage(read, name, spec, ref names, variables, depth);
        }

        return read.ToImmutable();
    }

    private ImmutableArray<Stage> ReadInner(JsonElement pipeline, string stage, DocumentNames names, ImmutableHashSet<string> variables, int depth) => pipeline.ValueKind == JsonValueKind.Array
        ? Read(pipeline.EnumerateArray().Select(Only), names, variables, depth + 1)
        : throw ExpressionReader.Bad($"{stage} argument 'pipeline' must be an array");

    private void ReadStage(ImmutableArray<Stage>.Builder read, string name, JsonElement spec, ref DocumentNames names, ImmutableHashSet<string> variables, int depth)
    {
        var expressions = new ExpressionReader(limits, names, variables);
        switch (name)
        {
            case "$match":
                read.Add(new Stage.Match(new ConditionReader(limits, names, variables).Read(spec, depth + 1)));
                break;
            case "$project":
                read.Add(ReadProject(spec, ref names, variables, depth));
                break;
            case "$addFields" or "$set":
                var added = new List<Assignment>();
                ReadFields(added, Object(spec, name), [], names, expressions, depth);
                read.Add(new Stage.AddFields([.. added]));
                names = names.With(added.Select(a => a.Path[0]));
                break;
            case "$unset":
                var (unset, at) = (Texts(spec, name), names);
                read.Add(new Stage.Unset([.. unset.Select(p => at.Path(p))]));
                names = names.Without(unset.Where(p => !p.Contains('.', StringComparison.Ordinal)).Select(at.Root));
                break;
            case "$group":
                read.Add(ReadGroup(spec, ref names, expressions, depth));
                break;
            case "$sort":
                read.Add(ReadSort(spec, names));
                break;
            case "$limit":
                read.Add(new Stage.Limit(Whole(spec, 1) ?? throw ExpressionReader.Bad("the limit must be a positive number")));
                break;
            case "$skip":
                read.Add(new Stage.Skip(Whole(spec, 0) ?? throw ExpressionReader.Bad("Argument to $skip cannot be negative")));
                break;
            case "$unwind":
                read.Add(ReadUnwind(spec, ref names));
                break;
            case "$count":
                var count = spec.ValueKind == JsonValueKind.String ? JsonText.Read(spec) : "";
                if (count.Length == 0 || count.StartsWith('$') || count.Contains('.', StringComparison.Ordinal))
                    throw ExpressionReader.Bad("the count field must be a non-empty string without $ and dots");
                read.Add(new Stage.Count(count));
                names = names.Become([count]);
                break;
            case "$sample":
                read.Add(new Stage.Sample(Whole(Member(spec, "size", name), 1) ?? throw ExpressionReader.Bad("size argument to $sample must be a positive integer")));
                break;
            case "$sortByCount":
                read.Add(new Stage.Group(expressions.Read(spec, depth + 1), [new("count", Accumulator.Count, Expression.Missing)]));
                read.Add(new Stage.Sort([new SortKey(["count"], Descending: true)]));
                names = names.Become(["_id", "count"]);
                break;
            case "$bucket":
                ReadBucket(read, spec, ref names, expressions, depth);
                break;
            case "$lookup":
                read.Add(ReadLookup(spec, ref names, expressions, variables, depth));
                break;
            case "$facet":
                var outer = names;
                var facets = Object(spec, name).EnumerateObject().Select(f => KeyValuePair.Create(f.Name, ReadInner(f.Value, name, outer, variables, depth))).ToImmutableArray();
                if (facets.IsEmpty)
                    throw ExpressionReader.Bad("the $facet specification must be a non-empty object");
                read.Add(new Stage.Facet(facets));
                names = names.Become(facets.Select(f => f.Key));
                break;
            case "$replaceRoot" or "$replaceWith":
                read.Add(new Stage.ReplaceRoot(expressions.Read(name == "$replaceRoot" ? Member(spec, "newRoot", name) : spec, depth + 1)));
                names = names.Become(null);
                break;
            case "$unionWith":
                var other = TableOf(spec.ValueKind == JsonValueKind.String ? spec : Member(spec, "coll", name));
                var inner = spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty("pipeline", out var pipeline)
                    ? ReadInner(pipeline, name, DocumentNames.Of(other), variables, depth)
                    : [];
                read.Add(new Stage.Union(new Pipeline(other is null ? null : DocumentNames.Source(other), inner)));
                names = names.Become(null);
                break;
            default:
                throw ExpressionReader.Bad(name.StartsWith('$') ? $"Unrecognized pipeline stage name: '{name}'" : $"Invalid aggregate stage '{name}'.");
        }
    }

    private static Stage.Sort ReadSort(JsonElement spec, DocumentNames names)
    {
        var keys = Object(spec, "$sort").EnumerateObject().Select(k => new SortKey(names.Path(k.Name),
            k.Value.ValueKind == JsonValueKind.Number && Math.Abs(k.Value.GetDouble()) == 1
                ? k.Value.GetDouble() < 0
                : throw ExpressionReader.Bad("$sort key ordering must be 1 (for ascending) or -1 (for descending)"))).ToImmutableArray();
        return keys.IsEmpty ? throw ExpressionReader.Bad("$sort stage must have at least one sort key") : new(keys);
    }

    private static Stage.Unwind ReadUnwind(JsonElement spec, ref DocumentNames names)
    {
        var path = Text(spec.ValueKind == JsonValueKind.Object ? Member(spec, "path", "$unwind") : spec) ?? throw ExpressionReader.Bad("expected a string as the path for $unwind stage");
        if (!path.StartsWith('$') || path.Length == 1)
            throw ExpressionReader.Bad($"path option to $unwind stage should be prefixed with a '$': {path}");
        ImmutableArray<string>? index = null;
        var preserve = false;
        if (spec.ValueKind == JsonValueKind.Object)
        {
            if (spec.TryGetProperty("includeArrayIndex", out var name))
                index = Text(name) is { Length: > 0 } text && text[0] != '$' ? [.. text.Split('.')] : throw ExpressionReader.Bad("includeArrayIndex option to $unwind stage must be a non-empty string without $");
            preserve = spec.TryGetProperty("preserveNullAndEmptyArrays", out var flag) && flag.ValueKind == JsonValueKind.True;
        }

        var unwind = new Stage.Unwind(names.Path(path[1..]), index, preserve);
        if (index is { } at)
            names = names.With([at[0]]);
        return unwind;
    }

    private Stage.Lookup ReadLookup(JsonElement spec, ref DocumentNames names, ExpressionReader expressions, ImmutableHashSet<string> variables, int depth)
    {
        var table = TableOf(Member(spec, "from", "$lookup"));
        var target = Text(Member(spec, "as", "$lookup")) is { Length: > 0 } text ? text.Split('.').ToImmutableArray() : throw ExpressionReader.Bad("$lookup argument 'as' must be a string");
        ImmutableArray<string>? local = null, foreign = null;
        if (spec.TryGetProperty("localField", out var here) != spec.TryGetProperty("foreignField", out var there))
            throw ExpressionReader.Bad("$lookup requires both or neither of 'localField' and 'foreignField' to be specified");
        var inner = DocumentNames.Of(table);
        if (here.ValueKind != JsonValueKind.Undefined)
        {
            local = names.Path(Text(here) ?? throw ExpressionReader.Bad("$lookup argument 'localField' must be a string"));
            foreign = inner.Path(Text(there) ?? throw ExpressionReader.Bad("$lookup argument 'foreignField' must be a string"));
        }

        var let = spec.TryGetProperty("let", out var vars)
            ? Object(vars, "$lookup").EnumerateObject().Select(v => KeyValuePair.Create(v.Name, expressions.Read(v.Value, depth + 1))).ToImmutableArray()
            : [];
        var stages = spec.TryGetProperty("pipeline", out var pipeline) ? ReadInner(pipeline, "$lookup", inner, variables.Union(let.Select(v => v.Key)), depth) : [];
        if (local is null && pipeline.ValueKind == JsonValueKind.Undefined)
            throw ExpressionReader.Bad("$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified");
        names = names.With([target[0]]);
        return new Stage.Lookup(new Pipeline(table is null ? null : DocumentNames.Source(table), stages), local, foreign, let, target);
    }

    /// <summary>A collection's class: by its name, or as the old database had it, with the deployment's prefix.</summary>
    private Table? TableOf(JsonElement name)
    {
        var text = Text(name) ?? throw ExpressionReader.Bad("the name of a collection must be a string");
        return catalog.FindByOrigin(text)
            ?? (collectionPrefix is { Length: > 0 } && text.StartsWith(collectionPrefix, StringComparison.Ordinal) ? catalog.FindByOrigin(text[collectionPrefix.Length..]) : null);
    }

    private static JsonElement Object(JsonElement spec, string stage) =>
        spec.ValueKind == JsonValueKind.Object ? spec : throw ExpressionReader.Bad($"{stage} specification must be an object");

    private static JsonElement Member(JsonElement spec, string key, string stage) =>
        Object(spec, stage).TryGetProperty(key, out var value) ? value : throw ExpressionReader.Bad($"{stage} needs '{key}'");

    private static string? Text(JsonElement json) => json.ValueKind == JsonValueKind.String ? JsonText.Read(json) : null;

    private static List<string> Texts(JsonElement spec, string stage)
    {
        var texts = spec.ValueKind switch
        {
            JsonValueKind.String => [JsonText.Read(spec)],
            JsonValueKind.Array => spec.EnumerateArray().Select(e => Text(e) ?? "").ToList(),
            _ => [],
        };
        return texts.Count > 0 && texts.TrueForAll(t => t.Length > 0 && t[0] != '$') ? texts : throw ExpressionReader.Bad($"{stage} specification must be a string or an array of strings");
    }

    private static long? Whole(JsonElement json, long least) =>
        json.ValueKind == JsonValueKind.Number && json.GetDouble() is var number && number == Math.Floor(number) && number >= least && number < 9e15 ? (long)number : null;
}
