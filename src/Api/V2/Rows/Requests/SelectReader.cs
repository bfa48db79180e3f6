using System.Collections.Immutable;
using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>Reads <c>select=id,name,lvl:stats->level,player(username)</c>.</summary>
internal static class SelectReader
{
    /// <summary>How deep embeddings may stand in embeddings in the text; how deep they are served is the planner's business.</summary>
    private const int DeepestEmbedding = 10;

    /// <summary>Reads the parameter; empty: everything.</summary>
    public static ImmutableArray<SelectItem>? Read(string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return null;
        var scanner = new Scanner(value, "select parameter");
        var items = Items(scanner, 0);
        scanner.NeedEnd();
        return items;
    }

    private static ImmutableArray<SelectItem> Items(Scanner scanner, int depth)
    {
        if (depth > DeepestEmbedding)
            throw new Problem(400, ProblemCodes.Limit, $"Embeddings may stand {DeepestEmbedding} deep.");
        var items = ImmutableArray.CreateBuilder<SelectItem>();
        do
        {
            scanner.SkipBlanks();
            if (scanner.AtEnd || scanner.Current == ')')
                break;
            items.Add(Item(scanner, depth));
            scanner.SkipBlanks();
        }
        while (scanner.Take(','));
        return items.ToImmutable();
    }

    private static SelectItem Item(Scanner scanner, int depth)
    {
        if (scanner.Take('*'))
            return new SelectItem.Star();
        if (scanner.Take("..."))
            throw Unbuilt("Spread embeddings (...name(…)) are not built.");

        var start = scanner.Position;
        string? alias = null;
        var name = scanner.Name();
        if (scanner.Current == ':' && !scanner.Take("::"))
        {
            scanner.Need(':');
            alias = name;
            start = scanner.Position;
            name = scanner.Name();
        }

        if (scanner.Current is '(' or '!')
            return Embedding(scanner, name, alias, depth);

        scanner.Position = start;
        var column = scanner.Column();
        if (scanner.Take("::"))
            throw Unbuilt("Casts (column::type) are not built.");
        if (scanner.Current == '.')
            throw new Problem(400, "PGRST123", "Use of aggregate functions is not allowed");
        scanner.SkipBlanks();
        if (!scanner.AtEnd && scanner.Current is not (',' or ')'))
            throw scanner.Fail("\",\", \")\" or end of input");
        return new SelectItem.Column(column, alias);
    }

    private static SelectItem.Embedding Embedding(Scanner scanner, string name, string? alias, int depth)
    {
        string? hint = null;
        var inner = false;
        while (scanner.Take('!'))
        {
            var parameter = scanner.Name();
            if (parameter == "inner")
                inner = true;
            else if (parameter != "left")
                hint = parameter;
        }

        scanner.Need('(');
        var items = Items(scanner, depth + 1);
        if (name == "count" && items.IsEmpty)
            throw new Problem(400, "PGRST123", "Use of aggregate functions is not allowed");
        scanner.Need(')');
        return new SelectItem.Embedding(name, alias, hint, inner, items);
    }

    private static Problem Unbuilt(string details) => new(400, ProblemCodes.NotImplemented, "Feature not implemented", details);
}
