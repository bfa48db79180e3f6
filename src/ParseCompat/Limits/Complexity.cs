using System.Text.Json;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary>Refuses clients' requests that ask for too much at once, before anything of them is planned.</summary>
internal sealed class Complexity(IOptions<ComplexityOptions> options)
{
    private readonly ComplexityOptions _options = options.Value;

    /// <summary>Looks at the conditions and includes of a read.</summary>
    /// <exception cref="ParseError">102: too much of something.</exception>
    public void Check(ParseRequest request, FindOptions read)
    {
        if (request.IsMaster)
            return;
        if (read.Include.Children.Count > 0)
            CheckIncludes(read.Include);
        if (read.Where is { } where)
        {
            var counted = default(Counted);
            CheckWhere(where, 0, 0, ref counted);
        }
    }

    /// <summary>Looks at the number of a batch's requests.</summary>
    /// <exception cref="ParseError">107: too many.</exception>
    public void CheckBatch(ParseRequest request, int requests)
    {
        if (!request.IsMaster && IsOver(requests, _options.BatchRequestLimit))
            throw new ParseError(ErrorCode.InvalidJson, $"Batch request contains {requests} sub-requests, which exceeds the limit of {_options.BatchRequestLimit}.");
    }

    private void CheckIncludes(IncludeNode root)
    {
        var count = 0;
        var depth = DepthOf(root, ref count);
        if (IsOver(depth, _options.IncludeDepth))
            throw TooMuch($"Include depth of {depth} exceeds maximum allowed depth of {_options.IncludeDepth}");
        if (IsOver(count, _options.IncludeCount))
            throw TooMuch($"Number of include fields ({count}) exceeds maximum allowed ({_options.IncludeCount})");
    }

    private static int DepthOf(IncludeNode node, ref int count)
    {
        var deepest = 0;
        foreach (var child in node.Children)
        {
            count++;
            deepest = Math.Max(deepest, 1 + DepthOf(child, ref count));
        }

        return deepest;
    }

    private void CheckWhere(JsonElement where, int groups, int queries, ref Counted counted)
    {
        if (where.ValueKind != JsonValueKind.Object)
            return;
        foreach (var condition in where.EnumerateObject())
        {
            var value = condition.Value;
            if (condition.Name is "$or" or "$and" or "$nor" && value.ValueKind == JsonValueKind.Array)
            {
                if (IsOver(groups + 1, _options.QueryDepth))
                    throw TooMuch($"Query condition nesting depth exceeds maximum allowed depth of {_options.QueryDepth}");
                foreach (var part in value.EnumerateArray())
                    CheckWhere(part, groups + 1, queries, ref counted);
            }
            else if (value.ValueKind == JsonValueKind.Object)
            {
                foreach (var part in value.EnumerateObject())
                    CheckOperator(part.Name, part.Value, queries, ref counted);
            }

            Count(ref counted.Conditions, 1, _options.ConditionCount, "Number of query conditions");
        }
    }

    private void CheckOperator(string name, JsonElement value, int queries, ref Counted counted)
    {
        switch (name)
        {
            case "$inQuery" or "$notInQuery" when value.ValueKind == JsonValueKind.Object:
                CheckInner(value, queries, ref counted);
                break;
            case "$select" or "$dontSelect" when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("query", out var query) && query.ValueKind == JsonValueKind.Object:
                CheckInner(query, queries, ref counted);
                break;
            case "$not" when value.ValueKind == JsonValueKind.Object:
                foreach (var part in value.EnumerateObject())
                    CheckOperator(part.Name, part.Value, queries, ref counted);
                return;
            case "$regex":
                if (!_options.AllowRegex)
                    throw TooMuch("$regex operator is not allowed");
                if (value.ValueKind == JsonValueKind.String && IsOver(value.GetRawText().Length - 2, _options.RegexLength) && IsOver(JsonText.Read(value).Length, _options.RegexLength))
                    throw TooMuch($"$regex pattern exceeds maximum allowed length of {_options.RegexLength}");
                break;
            default:
                if (value.ValueKind == JsonValueKind.Array)
                    Count(ref counted.Elements, value.GetArrayLength(), _options.ListElements, "Number of list elements");
                break;
        }

        Count(ref counted.Conditions, 1, _options.ConditionCount, "Number of query conditions");
    }

    private void CheckInner(JsonElement query, int queries, ref Counted counted)
    {
        if (IsOver(queries + 1, _options.SubqueryDepth))
            throw TooMuch($"Subquery nesting depth exceeds maximum allowed depth of {_options.SubqueryDepth}");
        if (query.TryGetProperty("where", out var where))
            CheckWhere(where, 0, queries + 1, ref counted);
    }

    private static void Count(ref int counted, int more, int most, string what)
    {
        counted += more;
        if (IsOver(counted, most))
            throw TooMuch($"{what} ({counted}) exceeds maximum allowed ({most})");
    }

    private static bool IsOver(int value, int most) => most >= 0 && value > most;

    private static ParseError TooMuch(string message) => new(ErrorCode.InvalidQuery, message);

    private struct Counted
    {
        public int Conditions;
        public int Elements;
    }
}
