using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.ParseCompat.Aggregates;

/// <content>
/// Conditions on places, in MongoDB's legacy forms: <c>$box</c> and <c>$polygon</c> on the plane, <c>$centerSphere</c> on the sphere, and the point that
/// something intersects. Only on GeoPoint and Polygon fields as they are stored.
/// </content>
internal sealed partial class ConditionReader
{
    private static Condition.Place ReadPlace(ImmutableArray<string> path, Field? field, string name, JsonElement operand)
    {
        if (path.Length != 1 || field is not { Kind: FieldKind.Point or FieldKind.Polygon })
            throw ExpressionReader.Bad($"{name} needs a GeoPoint or Polygon field of the class");
        if (operand.ValueKind != JsonValueKind.Object || operand.EnumerateObject().ToList() is not [var shape])
            throw ExpressionReader.Bad($"{name} needs an object with one shape");
        Filter filter = (name, shape.Name) switch
        {
            ("$geoWithin", "$box") when Points(shape.Value) is [var corner, var opposite] => new Filter.InsideBox(field, corner, opposite),
            ("$geoWithin", "$polygon") when Points(shape.Value) is { Count: >= 3 } ring => new Filter.InsideRing(field, Closed(ring)),
            ("$geoWithin", "$centerSphere") when Sphere(shape.Value) is var (center, radians) => new Filter.Near(field, center, radians),
            ("$geoIntersects", "$geometry") when PointOf(shape.Value) is { } point => new Filter.Covers(field, point),
            ("$geoWithin", "$box" or "$polygon" or "$centerSphere") or ("$geoIntersects", "$geometry") => throw ExpressionReader.Bad($"malformed {shape.Name} in {name}"),
            _ => throw ExpressionReader.Bad($"{name} does not take {shape.Name} here"),
        };
        return new Condition.Place(path, filter);
    }

    private static List<GeoPoint>? Points(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            return null;
        var points = new List<GeoPoint>();
        foreach (var pair in list.EnumerateArray())
        {
            if (Point(pair) is not { } point)
                return null;
            points.Add(point);
        }

        return points;
    }

    private static (GeoPoint Center, double Radians)? Sphere(JsonElement sphere) =>
        sphere.ValueKind == JsonValueKind.Array && sphere.GetArrayLength() == 2 && Point(sphere[0]) is { } center && Number(sphere[1]) is { } radians and >= 0 ? (center, radians) : null;

    private static GeoPoint? PointOf(JsonElement geometry) =>
        geometry.ValueKind == JsonValueKind.Object && geometry.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("Point")
        && geometry.TryGetProperty("coordinates", out var coordinates) ? Point(coordinates) : null;

    /// <summary>A pair of longitude and latitude on the earth.</summary>
    private static GeoPoint? Point(JsonElement pair) => pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
        && Number(pair[0]) is { } longitude and >= -180 and <= 180 && Number(pair[1]) is { } latitude and >= -90 and <= 90 ? new GeoPoint(longitude, latitude) : null;

    private static double? Number(JsonElement json) => json.ValueKind == JsonValueKind.Number && double.IsFinite(json.GetDouble()) ? json.GetDouble() : null;

    private static ImmutableArray<GeoPoint> Closed(List<GeoPoint> ring)
    {
        do
        {
            ring.Add(ring[0]);
        }
        while (ring.Count < 4);
        return [.. ring];
    }
}
