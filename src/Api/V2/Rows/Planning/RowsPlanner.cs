using System.Collections.Immutable;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Plans reads: names become fields of the catalog, limits are held, types are checked.</summary>
internal sealed class RowsPlanner(CatalogSnapshot catalog)
{
    private int _items;

    public RowsPlan Plan(Table table, RowsRequest request)
    {
        var outputs = Outputs(table, request.Select ?? [new SelectItem.Star()], embedded: false);
        if (outputs.OfType<Output.Embedded>().Count() > Limits.MaxEmbeddings)
            throw new Problem(400, ProblemCodes.Limit, $"A request may embed {Limits.MaxEmbeddings} references.");

        var conditions = new ConditionPlanner(table).Plan(request.Conditions);
        var inner = Inner(table, request, outputs);
        var query = new RowQuery
        {
            Table = table,
            Filter = inner.IsEmpty ? conditions : new Filter.AllOf([conditions, .. inner]),
            Sort = Sort(table, request.Order),
            Limit = Math.Min(request.Limit ?? Limits.DefaultRows, Limits.MaxRows),
            Offset = request.Offset ?? 0,
            Fields = Fields(request.Select, outputs),
            WithAcl = outputs.Any(o => o is Output.Acl),
        };
        return new RowsPlan(query, outputs);
    }

    /// <summary>Plans conditions alone, for writes.</summary>
    public static Filter Conditions(Table table, RowsRequest request)
    {
        if (!request.EmbeddedConditions.IsEmpty)
            throw new Problem(400, ProblemCodes.NotEmbedded, $"'{request.EmbeddedConditions[0].Embedding}' is not an embedded resource in this request");
        return new ConditionPlanner(table).Plan(request.Conditions);
    }

    private ImmutableArray<Output> Outputs(Table table, ImmutableArray<SelectItem> items, bool embedded)
    {
        // By name: the last of equal names wins and an embedding wins over the reference, in the place of the first.
        var outputs = new List<Output>();
        foreach (var item in items)
        {
            if (++_items > Limits.MaxSelectItems)
                throw new Problem(400, ProblemCodes.Limit, $"A select may hold {Limits.MaxSelectItems} items.");
            switch (item)
            {
                case SelectItem.Star:
                    Put(outputs, new Output.Id("id"));
                    Put(outputs, new Output.CreatedAt("createdAt"));
                    Put(outputs, new Output.UpdatedAt("updatedAt"));
                    foreach (var field in Columns.Visible(table))
                        Put(outputs, new Output.Column(field.Name, field));
                    Put(outputs, new Output.Acl(Columns.Acl));
                    break;
                case SelectItem.Column column:
                    Put(outputs, Column(table, column));
                    break;
                case SelectItem.Embedding embedding when embedded:
                    throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", $"Embeddings are one level deep: {embedding.Name}(…) stands inside another.");
                case SelectItem.Embedding embedding:
                    Put(outputs, Embedding(table, embedding));
                    break;
            }
        }

        return [.. outputs];
    }

    private static void Put(List<Output> outputs, Output output)
    {
        var at = outputs.FindIndex(o => o.Name == output.Name);
        if (at < 0)
            outputs.Add(output);
        else if (outputs[at] is not Output.Embedded)
            outputs[at] = output;
    }

    private static Output Column(Table table, SelectItem.Column column)
    {
        var (name, steps, asText) = (column.Name.Name, column.Name.Steps, column.Name.AsText);
        if (!steps.IsEmpty)
        {
            var path = Columns.Path(table, column.Name);
            return new Output.Inside(column.Alias ?? steps[^1], path.Field, steps, asText);
        }

        var alias = column.Alias ?? name;
        return name switch
        {
            "id" => new Output.Id(alias),
            "createdAt" => new Output.CreatedAt(alias),
            "updatedAt" => new Output.UpdatedAt(alias),
            Columns.Acl => new Output.Acl(alias),
            _ => new Output.Column(alias, Columns.Need(table, name)),
        };
    }

    private Output.Embedded Embedding(Table table, SelectItem.Embedding embedding)
    {
        var reference = Reference(table, embedding);
        var target = catalog.FindByOrigin(reference.Target!)
            ?? throw new Problem(400, ProblemCodes.Relationship, $"Could not find a relationship between '{table.Name}' and '{embedding.Name}' in the schema cache",
                $"{table.Name}.{reference.Name} leads to a table that does not exist.");
        return new Output.Embedded(embedding.Alias ?? embedding.Name, reference, target, Outputs(target, embedding.Items, embedded: true));
    }

    /// <summary>An embedding is called by its reference (<c>player(…)</c>) or, as in the original, by the table (<c>users(…)</c>, <c>users!player(…)</c>).</summary>
    private Field Reference(Table table, SelectItem.Embedding embedding)
    {
        if (table.Find(embedding.Name) is { Kind: FieldKind.Reference } named && Columns.IsVisible(named))
            return named;
        if (catalog.Find(embedding.Name) is { } target)
        {
            var leading = Columns.Visible(table).Where(f => f.Kind == FieldKind.Reference && f.Target == target.Origin && (embedding.Hint is null || embedding.Hint == f.Name)).ToList();
            if (leading.Count == 1)
                return leading[0];
            if (leading.Count > 1)
            {
                throw new Problem(300, "PGRST201", $"Could not embed because more than one relationship was found for '{table.Name}' and '{embedding.Name}'",
                    null, $"Try one of: {string.Join(", ", leading.Select(f => $"{embedding.Name}!{f.Name}"))}");
            }
        }

        throw new Problem(400, ProblemCodes.Relationship, $"Could not find a relationship between '{table.Name}' and '{embedding.Name}' in the schema cache",
            null, "Embeddings follow references: name(columns), where name is a reference of the table.");
    }

    /// <summary>The conditions that embeddings with <c>!inner</c> put on the rows themselves.</summary>
    private static ImmutableArray<Filter> Inner(Table table, RowsRequest request, ImmutableArray<Output> outputs)
    {
        var embeddings = outputs.OfType<Output.Embedded>().ToList();
        var inner = request.Select?.OfType<SelectItem.Embedding>().Where(e => e.Inner).Select(e => e.Alias ?? e.Name).ToHashSet() ?? [];
        foreach (var (name, _) in request.EmbeddedConditions)
        {
            if (!embeddings.Exists(e => e.Name == name))
                throw new Problem(400, ProblemCodes.NotEmbedded, $"'{name}' is not an embedded resource in this request", null, $"Verify that '{name}' is included in the 'select' query parameter.");
            if (!inner.Contains(name))
                throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "A condition on an embedded row needs an inner embedding.", $"Write {name}!inner(…).");
        }

        return
        [
            .. embeddings.Where(e => inner.Contains(e.Name)).Select(e => new Filter.InQuery(e.Reference, new RowQuery
            {
                Table = e.Target,
                Filter = new ConditionPlanner(e.Target).Plan([.. request.EmbeddedConditions.Where(c => c.Embedding == e.Name).Select(c => c.Condition)]),
            })),
        ];
    }

    private static ImmutableArray<Sort> Sort(Table table, ImmutableArray<OrderTerm> terms)
    {
        if (terms.IsEmpty)
            return [];
        if (terms.Length > Limits.MaxOrderTerms)
            throw new Problem(400, ProblemCodes.Limit, $"An order may have {Limits.MaxOrderTerms} terms.");
        var keys = new List<Sort>(terms.Length + 1);
        foreach (var term in terms)
        {
            var path = Columns.Path(table, term.Column);
            if (path.Steps.IsEmpty && path.Field.Kind is not (FieldKind.Text or FieldKind.Number or FieldKind.Timestamp or FieldKind.Boolean or FieldKind.File or FieldKind.Reference))
                throw new Problem(400, ProblemCodes.Operator, $"could not identify an ordering operator for type {Columns.TypeName(path.Field.Kind)}", $"Field: {path.Field.Name}");

            // PostgreSQL's default, not Data's: nulls are the largest.
            keys.Add(new Sort(path, term.Descending, term.NullsFirst ?? term.Descending));
        }

        // The id makes the order a total one, so that pages do not overlap.
        if (!keys.Exists(k => k.Path.Field == Field.Id))
            keys.Add(new Sort(Field.Id));
        return [.. keys];
    }

    private static ImmutableArray<Field> Fields(ImmutableArray<SelectItem>? select, ImmutableArray<Output> outputs)
    {
        if (select is null || select.Value.Any(i => i is SelectItem.Star))
            return default;
        return
        [
            .. outputs.Select(o => o switch
            {
                Output.Column column => column.Field,
                Output.Inside inside => inside.Field,
                Output.Embedded embedded => embedded.Reference,
                _ => null,
            }).OfType<Field>().Where(f => f != Field.Id).Distinct(),
        ];
    }
}
