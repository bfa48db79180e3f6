using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Reads the two GeoJSON geometries (RFC 7946) that fields hold: a point, and a polygon of one ring.</summary>
internal static class GeoJson
{
    /// <summary>Fewest positions of a ring: three corners, and the first again.</summary>
    private const int MinRingPoints = 4;

    public static Value Read(Field field, ReadOnlySpan<byte> json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(Encoding.UTF8.GetString(json));
        }
        catch (JsonException e)
        {
            throw WrittenValue.Invalid(field, e.Message);
        }

        using (document)
        {
            var root = document.RootElement;
            var wanted = field.Kind == FieldKind.Point ? "Point" : "Polygon";
            if (Member(field, root, "type") is not { } type || !type.IsText(wanted) || Member(field, root, "coordinates") is not { } coordinates)
                throw WrittenValue.Invalid(field, $"A GeoJSON {wanted} is expected: {{\"type\": \"{wanted}\", \"coordinates\": …}}.");
            return field.Kind == FieldKind.Point ? Value.Point(Position(field, coordinates)) : Value.Polygon(Ring(field, coordinates));
        }
    }

    private static JsonElement? Member(Field field, JsonElement root, string name)
    {
        try
        {
            return root.TryGetProperty(name, out var member) ? member : null;
        }
        catch (InvalidOperationException)
        {
            // The search unescapes names, and fails on one that holds half a character.
            throw WrittenValue.Invalid(field, "A key holds a lone surrogate.");
        }
    }

    private static GeoPoint[] Ring(Field field, JsonElement coordinates)
    {
        if (coordinates.ValueKind != JsonValueKind.Array || coordinates.GetArrayLength() != 1 || coordinates[0].ValueKind != JsonValueKind.Array)
            throw WrittenValue.Invalid(field, "A polygon has one ring; holes are not stored.");
        var count = coordinates[0].GetArrayLength();
        if (count is < MinRingPoints or > Limits.MaxRingPoints)
            throw WrittenValue.Invalid(field, $"A ring has {MinRingPoints} to {Limits.MaxRingPoints} positions.");
        GeoPoint[] ring = [.. coordinates[0].EnumerateArray().Select(p => Position(field, p))];
        return ring[0] == ring[^1] ? ring : throw WrittenValue.Invalid(field, "A ring ends where it begins.");
    }

    private static GeoPoint Position(Field field, JsonElement position)
    {
        if (position.ValueKind != JsonValueKind.Array || position.GetArrayLength() != 2
            || position[0].ValueKind != JsonValueKind.Number || position[1].ValueKind != JsonValueKind.Number)
            throw WrittenValue.Invalid(field, "A position is [longitude, latitude].");
        var (longitude, latitude) = (position[0].GetDouble(), position[1].GetDouble());
        return longitude is >= -180 and <= 180 && latitude is >= -90 and <= 90
            ? new GeoPoint(longitude, latitude)
            : throw WrittenValue.Invalid(field, "Longitudes lie between -180 and 180, latitudes between -90 and 90.");
    }

    /// <summary>Compares the JSON itself: reading a text that holds half a character would fail.</summary>
    private static bool IsText(this JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.GetRawText() == $"\"{text}\"";
}
