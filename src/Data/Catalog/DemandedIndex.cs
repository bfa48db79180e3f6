namespace Backend.Data.Catalog;

/// <summary>Which index a query would like to have.</summary>
/// <param name="Field">The first field that it holds.</param>
/// <param name="Manner">What it is for: also the end of its name.</param>
/// <param name="Definition">What follows the table's name in <c>create index</c>; constant SQL and identifiers of the catalog.</param>
public sealed record DemandedIndex(Field Field, string Manner, string Definition)
{
    /// <summary>Serves rectangles and polygons on the plane.</summary>
    public static DemandedIndex Plane(Field field) => new(field, "plane", $"using gist ({field.QuotedColumn})");

    /// <summary>Serves distances on the sphere.</summary>
    public static DemandedIndex Sphere(Field field) => new(field, "sphere", $"using gist (({OnSphere(field)}))");

    /// <summary>Serves full text searches of fields in a language.</summary>
    public static DemandedIndex Words(IReadOnlyList<Field> fields, string language) =>
        new(fields[0], "words_" + language, $"using gin (({Query.TextSearch.Vector(language, fields)}))");

    /// <summary>
    /// A point or polygon as geography, null when it is out of range: geography would silently move it onto the earth (design section 3). Indexes and
    /// queries print the same expression.
    /// </summary>
    /// <param name="field">A point or polygon with a column.</param>
    /// <param name="alias">The table's alias and a dot, or nothing.</param>
    public static string OnSphere(Field field, string alias = "")
    {
        var column = alias + field.QuotedColumn;
        var inRange = field.Kind == FieldKind.Point
            ? $"st_x({column}) between -180 and 180 and st_y({column}) between -90 and 90"
            : $"st_xmin({column}) >= -180 and st_xmax({column}) <= 180 and st_ymin({column}) >= -90 and st_ymax({column}) <= 90";
        return $"case when {inRange} then {column}::geography end";
    }
}
