using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Query;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <content>Conditions on places (contract 9.5). Arguments out of bounds are 107; the old server failed on them.</content>
internal sealed partial class WherePlanner
{
    /// <summary>The old SDKs' radii of the earth.</summary>
    private const double MilesPerRadian = 3959;

    private const double KilometersPerRadian = 6371;

    /// <summary>Whether a condition of nearness was planned.</summary>
    public bool HasNear { get; private set; }

    /// <summary>The nearness that all rows found must meet, by whose distance they are ordered; null: there is none.</summary>
    public static Filter.Near? Nearest(Filter filter) => filter switch
    {
        Filter.Near near => near,
        Filter.AllOf all => all.Filters.Select(Nearest).FirstOrDefault(n => n is not null),
        _ => null,
    };

    /// <summary>Refuses a nearness among alternatives, as MongoDB does: there is no one distance to order by.</summary>
    /// <exception cref="ParseError">102.</exception>
    public static void RequireOneOrder(Filter filter)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                foreach (var inner in all.Filters)
                    RequireOneOrder(inner);
                break;
            case Filter.AnyOf any when any.Filters.Any(Holds):
            case Filter.Not not when Holds(not.Inner):
                throw new ParseError(ErrorCode.InvalidQuery, "$nearSphere cannot stand inside $or or $nor.");
        }
    }

    private static bool Holds(Filter filter) => filter switch
    {
        Filter.Near => true,
        Filter.AllOf all => all.Filters.Any(Holds),
        Filter.AnyOf any => any.Filters.Any(Holds),
        Filter.Not not => Holds(not.Inner),
        _ => false,
    };

    private Filter Near(FieldPath? path, JsonElement operand, JsonElement constraint)
    {
        var center = GeoPoint(operand) ?? throw Bad("bad $nearSphere value; should be GeoPoint");
        RequireBounds(center);
        double? radians = Distance(constraint, "$maxDistance")
            ?? Distance(constraint, "$maxDistanceInKilometers") / KilometersPerRadian
            ?? Distance(constraint, "$maxDistanceInMiles") / MilesPerRadian
            ?? Distance(constraint, "$maxDistanceInRadians");
        if (path is null)
            return Filter.Never;
        HasNear = true;
        return new Filter.Near(path, center, radians);
    }

    private static Filter? MaxDistance(string name, JsonElement constraint) =>
        constraint.TryGetProperty("$nearSphere", out _) ? null : throw Bad($"{name} without $nearSphere");

    private static Filter Within(FieldPath? path, JsonElement operand)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("$box", out var box) || box.ValueKind != JsonValueKind.Array
            || box.GetArrayLength() != 2 || Coordinates(box[0]) is not { } corner || Coordinates(box[1]) is not { } opposite)
        {
            throw Bad("malformatted $within arg");
        }

        return path is null ? Filter.Never : new Filter.InsideBox(path, corner, opposite);
    }

    private static Filter GeoWithin(FieldPath? path, JsonElement operand)
    {
        if (operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty("$polygon", out var polygon))
        {
            var ring = Ring(polygon);
            return path is null ? Filter.Never : new Filter.InsideRing(path, ring);
        }

        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("$centerSphere", out var sphere))
            throw Bad("bad $geoWithin value; should be $polygon or $centerSphere");
        if (sphere.ValueKind != JsonValueKind.Array || sphere.GetArrayLength() < 2)
            throw Bad("bad $geoWithin value; $centerSphere should be an array of Parse.GeoPoint and distance");
        var center = Pair(sphere[0]) ?? GeoPoint(sphere[0]) ?? throw Bad("bad $geoWithin value; $centerSphere geo point invalid");
        RequireBounds(center);
        if (Number(sphere[1]) is not { } radians || radians < 0)
            throw Bad("bad $geoWithin value; $centerSphere distance invalid");
        return path is null ? Filter.Never : new Filter.Near(path, center, radians);
    }

    private static Filter GeoIntersects(FieldPath? path, JsonElement operand)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("$point", out var given) || GeoPoint(given) is not { } point)
            throw Bad("bad $geoIntersect value; $point should be GeoPoint");
        RequireBounds(point);
        return path is null ? Filter.Never : new Filter.Covers(path, point);
    }

    private static ImmutableArray<GeoPoint> Ring(JsonElement polygon)
    {
        JsonElement vertices;
        if (polygon.ValueKind == JsonValueKind.Object && Text(polygon, "__type") == "Polygon")
        {
            if (!polygon.TryGetProperty("coordinates", out vertices) || vertices.ValueKind != JsonValueKind.Array || vertices.GetArrayLength() < 3)
                throw Bad("bad $geoWithin value; Polygon.coordinates should contain at least 3 lon/lat pairs");
        }
        else if (polygon.ValueKind == JsonValueKind.Array)
        {
            vertices = polygon;
            if (vertices.GetArrayLength() < 3)
                throw Bad("bad $geoWithin value; $polygon should contain at least 3 GeoPoints");
        }
        else
        {
            throw Bad("bad $geoWithin value; $polygon should be Polygon object or Array of Parse.GeoPoint's");
        }

        var ring = ImmutableArray.CreateBuilder<GeoPoint>(vertices.GetArrayLength() + 1);
        foreach (var vertex in vertices.EnumerateArray())
        {
            // Pairs are longitude first here, other than in a Polygon that is saved: so it was.
            var point = Pair(vertex) ?? GeoPoint(vertex) ?? throw Bad("bad $geoWithin value");
            RequireBounds(point);
            ring.Add(point);
        }

        if (ring[0] != ring[^1])
            ring.Add(ring[0]);
        // Three vertices of which the last is the first enclose nothing, but are a ring to MongoDB.
        while (ring.Count < 4)
            ring.Add(ring[0]);
        return ring.ToImmutable();
    }

    private static void RequireBounds(GeoPoint point)
    {
        if (point.Latitude is < -90 or > 90)
            throw Bad($"GeoPoint latitude out of bounds: {NumberText(point.Latitude)}.");
        if (point.Longitude is < -180 or > 180)
            throw Bad($"GeoPoint longitude out of bounds: {NumberText(point.Longitude)}.");
    }

    private static string NumberText(double number) => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture);

    private static GeoPoint? GeoPoint(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && Text(value, "__type") == "GeoPoint" ? Coordinates(value) : null;

    private static GeoPoint? Coordinates(JsonElement value) => value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty("latitude", out var y) && value.TryGetProperty("longitude", out var x) && Number(y) is { } latitude && Number(x) is { } longitude
        ? new GeoPoint(longitude, latitude)
        : null;

    private static GeoPoint? Pair(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
        && Number(value[0]) is { } longitude && Number(value[1]) is { } latitude
        ? new GeoPoint(longitude, latitude)
        : null;

    private static double? Distance(JsonElement constraint, string name)
    {
        if (!constraint.TryGetProperty(name, out var given))
            return null;
        return Number(given) is { } distance && distance >= 0 ? distance : throw Bad($"bad {name} value; should be a number that is not negative");
    }

    private static double? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()) ? value.GetDouble() : null;

    private static ParseError Bad(string message) => new(ErrorCode.InvalidJson, message);
}
