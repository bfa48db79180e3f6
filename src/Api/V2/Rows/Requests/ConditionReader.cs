using System.Collections.Immutable;
using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>Reads conditions: <c>age=not.gte.18</c>, <c>or=(a.eq.1,and(b.gt.2,c.is.null))</c>.</summary>
internal static class ConditionReader
{
    /// <summary>How deep groups may stand in groups.</summary>
    private const int DeepestGroup = 20;

    private static readonly (string Name, Operator Operator, bool Quantifiable)[] Operators =
    [
        ("eq", Operator.Equal, true), ("neq", Operator.NotEqual, false),
        ("gte", Operator.GreaterOrEqual, true), ("gt", Operator.Greater, true),
        ("lte", Operator.LessOrEqual, true), ("lt", Operator.Less, true),
        ("like", Operator.Like, true), ("ilike", Operator.ILike, true),
        ("match", Operator.Match, true), ("imatch", Operator.IMatch, true),
        ("in", Operator.In, false), ("isdistinct", Operator.IsDistinct, false), ("is", Operator.Is, false),
        ("cs", Operator.Contains, false), ("ov", Operator.Overlaps, false),
    ];

    /// <summary>Operators of the dialect that have no meaning here yet; refused by name.</summary>
    private static readonly string[] Unbuilt = ["fts", "plfts", "phfts", "wfts", "cd", "sl", "sr", "nxr", "nxl", "adj"];

    /// <summary>The value of a parameter that is named after a column.</summary>
    public static Condition.Test ReadTest(ColumnName column, string value)
    {
        var scanner = new Scanner(value, "filter");
        return Test(scanner, column, inGroup: false);
    }

    /// <summary>The value of <c>and=</c> or <c>or=</c>.</summary>
    public static Condition.Group ReadGroup(bool negated, bool any, string value)
    {
        var scanner = new Scanner(value, "logic tree");
        var group = Group(scanner, negated, any, 1);
        scanner.NeedEnd();
        return group;
    }

    private static Condition.Group Group(Scanner scanner, bool negated, bool any, int depth)
    {
        if (depth > DeepestGroup)
            throw new Problem(400, ProblemCodes.Limit, $"Conditions may stand {DeepestGroup} groups deep.");
        scanner.SkipBlanks();
        scanner.Need('(');
        var conditions = ImmutableArray.CreateBuilder<Condition>();
        do
        {
            scanner.SkipBlanks();
            conditions.Add(Member(scanner, depth));
            scanner.SkipBlanks();
        }
        while (scanner.Take(','));
        scanner.Need(')');
        scanner.SkipBlanks();
        return new Condition.Group(negated, any, conditions.ToImmutable());
    }

    private static Condition Member(Scanner scanner, int depth)
    {
        var start = scanner.Position;
        var negated = scanner.Take("not.");
        if (scanner.Take("and("))
        {
            scanner.Position--;
            return Group(scanner, negated, any: false, depth + 1);
        }

        if (scanner.Take("or("))
        {
            scanner.Position--;
            return Group(scanner, negated, any: true, depth + 1);
        }

        scanner.Position = start;
        var column = scanner.Column();
        scanner.Need('.');
        return Test(scanner, column, inGroup: true);
    }

    private static Condition.Test Test(Scanner scanner, ColumnName column, bool inGroup)
    {
        var negated = scanner.Take("not.");
        var (op, quantifiable) = ReadOperator(scanner);
        var quantifier = quantifiable && scanner.Take("(any)") ? Quantifier.Any : quantifiable && scanner.Take("(all)") ? Quantifier.All : Quantifier.None;
        scanner.Need('.');
        if (op == Operator.In)
            return new Condition.Test(column, negated, op, quantifier, "", List(scanner, inGroup));

        var operand = inGroup ? GroupOperand(scanner) : scanner.Rest();
        if (op == Operator.Is)
            operand = operand.ToLowerInvariant();
        var list = quantifier == Quantifier.None ? [] : ArrayLiteral.Read(operand);
        return new Condition.Test(column, negated, op, quantifier, operand, list);
    }

    private static (Operator Operator, bool Quantifiable) ReadOperator(Scanner scanner)
    {
        var start = scanner.Position;
        var name = scanner.Until(".(");
        foreach (var candidate in Operators)
        {
            if (candidate.Name == name)
                return (candidate.Operator, candidate.Quantifiable);
        }

        if (Unbuilt.Contains(name))
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", $"The operator {name} is not built.");
        scanner.Position = start;
        throw scanner.Fail("\"not\" or operator (eq, gt, ...)");
    }

    private static ImmutableArray<string> List(Scanner scanner, bool inGroup)
    {
        scanner.SkipBlanks();
        scanner.Need('(');
        var elements = ImmutableArray.CreateBuilder<string>();
        do
        {
            elements.Add(Element(scanner));
        }
        while (scanner.Take(','));
        scanner.Need(')');
        scanner.SkipBlanks();
        if (!inGroup)
            scanner.NeedEnd();
        return elements is [""] ? [] : elements.ToImmutable();
    }

    /// <summary>A quoted element counts as quoted only when nothing but a separator follows it, as in the original.</summary>
    private static string Element(Scanner scanner)
    {
        if (scanner.Current == '"')
        {
            var start = scanner.Position;
            var quoted = scanner.Quoted();
            if (scanner.AtEnd || scanner.Current is ',' or ')')
                return quoted;
            scanner.Position = start;
        }

        return scanner.Until(",)");
    }

    private static string GroupOperand(Scanner scanner)
    {
        if (scanner.Current != '{')
            return Element(scanner);

        // An array or object: up to the bracket that closes it.
        var start = scanner.Position;
        var depth = 0;
        var text = new System.Text.StringBuilder();
        while (!scanner.AtEnd)
        {
            var c = scanner.Current;
            if (c == '"')
            {
                var from = scanner.Position;
                scanner.Quoted();
                var to = scanner.Position;
                scanner.Position = from;
                while (scanner.Position < to)
                {
                    text.Append(scanner.Current);
                    scanner.Position++;
                }

                continue;
            }

            text.Append(c);
            scanner.Position++;
            if (c is '{' or '[')
                depth++;
            else if (c is '}' or ']' && --depth == 0)
                return text.ToString();
        }

        scanner.Position = start;
        throw scanner.Fail("a closing \"}\"");
    }
}
