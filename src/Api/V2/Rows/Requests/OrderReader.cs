using System.Collections.Immutable;
using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>Reads <c>order=score.desc.nullslast,name</c>.</summary>
internal static class OrderReader
{
    public static ImmutableArray<OrderTerm> Read(string value)
    {
        var scanner = new Scanner(value, "order");
        var terms = ImmutableArray.CreateBuilder<OrderTerm>();
        do
        {
            scanner.SkipBlanks();
            terms.Add(Term(scanner));
            scanner.SkipBlanks();
        }
        while (scanner.Take(','));
        scanner.NeedEnd();
        return terms.ToImmutable();
    }

    private static OrderTerm Term(Scanner scanner)
    {
        var column = scanner.Column();
        if (scanner.Current == '(')
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "Ordering by a column of an embedded row is not built.");

        var descending = false;
        if (scanner.Take(".desc"))
            descending = true;
        else
            scanner.Take(".asc");

        bool? nullsFirst = null;
        if (scanner.Take(".nullsfirst"))
            nullsFirst = true;
        else if (scanner.Take(".nullslast"))
            nullsFirst = false;

        scanner.SkipBlanks();
        return scanner.AtEnd || scanner.Current == ','
            ? new OrderTerm(column, descending, nullsFirst)
            : throw scanner.Fail("\".asc\", \".desc\", \".nullsfirst\", \".nullslast\", \",\" or end of input");
    }
}
