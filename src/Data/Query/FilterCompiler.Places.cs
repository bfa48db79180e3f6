using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>
/// Conditions on places. Two manners, because MongoDB has two: rectangles and polygons lie on the plane of degrees, distances on the sphere
/// (design section 3). A value that is no point or polygon of a column matches nothing.
/// </content>
internal static partial class FilterCompiler
{
    /// <summary>PostGIS's sphere, on which an angle becomes a distance in metres.</summary>
    private const double EarthRadius = 6371008.771415059;

    private static bool IsPlace(FieldPath path) => path is { Steps.IsEmpty: true, Field: { Kind: FieldKind.Point or FieldKind.Polygon, Column: not null } };

    private static void PrintNear(Statement sql, Filter.Near near, string alias)
    {
        if (!IsPlace(near.Path))
        {
            sql.Sql("false");
            return;
        }

        sql.Demand(DemandedIndex.Sphere(near.Path.Field));
        if (near.MaxRadians is not { } radians || radians >= Math.PI)
        {
            sql.Sql("(").Sql(DemandedIndex.OnSphere(near.Path.Field, alias + ".")).Sql(") is not null");
            return;
        }

        sql.Sql("st_dwithin((").Sql(DemandedIndex.OnSphere(near.Path.Field, alias + ".")).Sql("), ");
        PrintGeography(sql, near.Center);
        sql.Sql(", ").Number(radians * EarthRadius).Sql(", false)");
    }

    /// <summary>Prints the distance from a condition's centre, for an order that the index serves.</summary>
    internal static void PrintDistance(Statement sql, Filter.Near near, string alias)
    {
        if (!IsPlace(near.Path))
        {
            sql.Sql("(select null::double precision)");
            return;
        }

        sql.Sql("(").Sql(DemandedIndex.OnSphere(near.Path.Field, alias + ".")).Sql(") <-> ");
        PrintGeography(sql, near.Center);
    }

    private static void PrintBox(Statement sql, Filter.InsideBox box, string alias)
    {
        if (box.Path is not { Steps.IsEmpty: true, Field: { Kind: FieldKind.Point, Column: not null } field })
        {
            sql.Sql("false");
            return;
        }

        // Two boxes overlap or touch: for a point this is exact, and needs no second look at the row.
        sql.Demand(DemandedIndex.Plane(field));
        sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" && st_makeenvelope(")
            .Number(Math.Min(box.Corner.Longitude, box.Opposite.Longitude)).Sql(", ").Number(Math.Min(box.Corner.Latitude, box.Opposite.Latitude)).Sql(", ")
            .Number(Math.Max(box.Corner.Longitude, box.Opposite.Longitude)).Sql(", ").Number(Math.Max(box.Corner.Latitude, box.Opposite.Latitude)).Sql(", 4326)");
        // The index keeps single precision.
        sql.Sql(" and st_x(").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(") between ")
            .Number(Math.Min(box.Corner.Longitude, box.Opposite.Longitude)).Sql(" and ").Number(Math.Max(box.Corner.Longitude, box.Opposite.Longitude));
        sql.Sql(" and st_y(").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(") between ")
            .Number(Math.Min(box.Corner.Latitude, box.Opposite.Latitude)).Sql(" and ").Number(Math.Max(box.Corner.Latitude, box.Opposite.Latitude));
    }

    private static void PrintRing(Statement sql, Filter.InsideRing inside, string alias)
    {
        if (inside.Path is not { Steps.IsEmpty: true, Field: { Kind: FieldKind.Point, Column: not null } field })
        {
            sql.Sql("false");
            return;
        }

        sql.Demand(DemandedIndex.Plane(field));
        sql.Sql("st_intersects(").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(", ").Bytes(Ewkb.Polygon(inside.Ring.AsSpan())).Sql("::geometry)");
    }

    private static void PrintCovers(Statement sql, Filter.Covers covers, string alias)
    {
        if (!IsPlace(covers.Path))
        {
            sql.Sql("false");
            return;
        }

        sql.Demand(DemandedIndex.Sphere(covers.Path.Field));
        sql.Sql("st_dwithin((").Sql(DemandedIndex.OnSphere(covers.Path.Field, alias + ".")).Sql("), ");
        PrintGeography(sql, covers.Point);
        sql.Sql(", 0, false)");
    }

    private static void PrintGeography(Statement sql, GeoPoint point) => sql.Bytes(Ewkb.Point(point)).Sql("::geometry::geography");
}
