using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Resolves names against the catalog. A secret field does not exist here.</summary>
internal static class Columns
{
    public const string Acl = "acl";

    /// <summary>The table, or a problem with status 404.</summary>
    public static Table Resource(CatalogSnapshot catalog, string name) => catalog.Find(name)
        ?? throw new Problem(404, ProblemCodes.Resource, $"Could not find the table '{name}' in the schema cache", null, "Tables are made through the schema, never by writing a row.");

    /// <summary>The fields of a table that v2 shows: neither secret ones nor relations, which no row holds.</summary>
    public static IEnumerable<Field> Visible(Table table) => table.Fields.Where(f => IsVisible(f));

    public static bool IsVisible(Field field) => !field.Secret && field.Kind != FieldKind.Relation && field.Name is not (Acl or "id" or "createdAt" or "updatedAt");

    /// <summary>The field of that name, or null.</summary>
    public static Field? Find(Table table, string name) => name switch
    {
        "id" => Field.Id,
        "createdAt" => Field.CreatedAt,
        "updatedAt" => Field.UpdatedAt,
        _ => table.Find(name) is { } field && IsVisible(field) ? field : null,
    };

    /// <summary>The field of that name, or a problem with status 400.</summary>
    public static Field Need(Table table, string name)
    {
        if (Find(table, name) is { } field)
            return field;
        if (table.Find(name) is { Kind: FieldKind.Relation, Secret: false })
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", $"{table.Name}.{name} is a relation; relations are not served by /rows yet.");
        if (name == Acl)
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "acl can be read and written, not compared.");
        throw new Problem(400, ProblemCodes.Column, $"column {table.Name}.{name} does not exist");
    }

    /// <summary>The field with the path below it, which only objects and arrays have.</summary>
    public static FieldPath Path(Table table, ColumnName column)
    {
        var field = Need(table, column.Name);
        if (column.Steps.IsEmpty)
            return field;
        return field.Kind is FieldKind.Object or FieldKind.Array
            ? new FieldPath(field, column.Steps)
            : throw new Problem(400, ProblemCodes.Operator, $"operator does not exist: {TypeName(field.Kind)} -> unknown", $"{table.Name}.{field.Name} holds no JSON.");
    }

    /// <summary>PostgreSQL's name of a kind's type, as its messages have it.</summary>
    public static string TypeName(FieldKind kind) => kind switch
    {
        FieldKind.Number => "double precision",
        FieldKind.Boolean => "boolean",
        FieldKind.Timestamp => "timestamp with time zone",
        FieldKind.Bytes => "bytea",
        FieldKind.Object or FieldKind.Array => "jsonb",
        FieldKind.Point or FieldKind.Polygon => "geometry",
        _ => "text",
    };
}
