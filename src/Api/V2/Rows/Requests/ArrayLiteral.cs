using System.Collections.Immutable;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>PostgreSQL's array literal of one dimension: <c>{a,"b,c",d}</c>.</summary>
internal static class ArrayLiteral
{
    public static ImmutableArray<string> Read(string literal)
    {
        var scanner = new Scanner(literal, "array");
        scanner.SkipBlanks();
        scanner.Need('{');
        scanner.SkipBlanks();
        var elements = ImmutableArray.CreateBuilder<string>();
        if (!scanner.Take('}'))
        {
            do
            {
                scanner.SkipBlanks();
                elements.Add(scanner.Current == '"' ? scanner.Quoted() : scanner.Until(",}").Trim());
                scanner.SkipBlanks();
            }
            while (scanner.Take(','));
            scanner.Need('}');
        }

        scanner.SkipBlanks();
        scanner.NeedEnd();
        return elements.ToImmutable();
    }
}
