using System.Collections.Immutable;
using System.Globalization;
using Backend.Api.V2.Problems;
using Microsoft.AspNetCore.WebUtilities;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>Reads a whole query string. Names are case-sensitive and may come more than once, unlike in <c>HttpRequest.Query</c>.</summary>
internal static class QueryReader
{
    public static RowsRequest Read(QueryString query)
    {
        var conditions = ImmutableArray.CreateBuilder<Condition>();
        var embedded = ImmutableArray.CreateBuilder<(string, Condition)>();
        var request = new RowsRequest();
        foreach (var pair in new QueryStringEnumerable(query.Value))
        {
            var key = pair.DecodeName().ToString();
            var value = pair.DecodeValue().ToString();
            switch (key)
            {
                case "":
                    break;
                case "select":
                    request = request with { Select = SelectReader.Read(value) };
                    break;
                case "order":
                    request = request with { Order = value.Length == 0 ? [] : OrderReader.Read(value) };
                    break;
                case "limit":
                    request = request with { Limit = Number(key, value) };
                    break;
                case "offset":
                    request = request with { Offset = Number(key, value) };
                    break;
                case "columns":
                    request = request with { Columns = Columns(value) };
                    break;
                case "on_conflict":
                    request = request with { OnConflict = true };
                    break;
                default:
                    Condition(key, value, conditions, embedded);
                    break;
            }
        }

        return request with { Conditions = conditions.ToImmutable(), EmbeddedConditions = embedded.ToImmutable() };
    }

    private static void Condition(
        string key, string value, ImmutableArray<Condition>.Builder conditions, ImmutableArray<(string, Condition)>.Builder embedded)
    {
        var scanner = new Scanner(key, "tree path");
        var path = new List<string>();
        ColumnName column;
        while (true)
        {
            var quoted = scanner.Current == '"';
            column = scanner.Column();
            if (!column.Steps.IsEmpty || scanner.AtEnd)
            {
                scanner.NeedEnd();
                if (!quoted && column.Name is "and" or "or" && column.Steps.IsEmpty)
                {
                    var negated = path is [.., "not"];
                    if (negated)
                        path.RemoveAt(path.Count - 1);
                    Add(path, ConditionReader.ReadGroup(negated, column.Name == "or", value), conditions, embedded);
                    return;
                }

                if (!quoted && path.Count > 0 && column.Name is "order" or "limit" or "offset" && path.Count > 0 && column.Steps.IsEmpty)
                    throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "An embedded row is one: it has no order, limit or offset.");
                Add(path, ConditionReader.ReadTest(column, value), conditions, embedded);
                return;
            }

            scanner.Need('.');
            path.Add(column.Name);
        }
    }

    private static void Add(
        List<string> path, Condition condition, ImmutableArray<Condition>.Builder conditions, ImmutableArray<(string, Condition)>.Builder embedded)
    {
        switch (path)
        {
            case []:
                conditions.Add(condition);
                break;
            case [var name]:
                embedded.Add((name, condition));
                break;
            default:
                throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "Embeddings are one level deep.");
        }
    }

    private static int Number(string key, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new Problem(400, ProblemCodes.Query, $"\"failed to parse {key} ({value})\"", "expecting a number of rows, 0 or more");

    private static ImmutableArray<string> Columns(string value)
    {
        var scanner = new Scanner(value, "columns parameter");
        var names = ImmutableArray.CreateBuilder<string>();
        do
        {
            names.Add(scanner.Name());
            scanner.SkipBlanks();
        }
        while (scanner.Take(','));
        scanner.NeedEnd();
        return names.ToImmutable();
    }
}
