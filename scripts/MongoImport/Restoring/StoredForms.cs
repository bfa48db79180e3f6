using System.Globalization;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Restoring;

/// <summary>Points and polygons of the first level, as parse-server stores them (contract/mongo-storage 1.3).</summary>
internal static class StoredForms
{
    /// <summary><c>[longitude, latitude]</c>.</summary>
    public static void WritePoint(scoped ReadOnlySpan<byte> name, GeoPoint point, BsonWriter to)
    {
        to.Element(BsonType.Array, name);
        Pair(point, to);
    }

    /// <summary>GeoJSON of one ring.</summary>
    public static void WritePolygon(scoped ReadOnlySpan<byte> name, ReadOnlySpan<GeoPoint> ring, BsonWriter to)
    {
        to.Element(BsonType.Document, name);
        to.Begin();
        to.Element(BsonType.Text, "type"u8);
        to.Text("Polygon"u8);
        to.Element(BsonType.Array, "coordinates"u8);
        to.Begin();
        to.Element(BsonType.Array, "0"u8);
        to.Begin();
        Span<byte> digits = stackalloc byte[11];
        for (var i = 0; i < ring.Length; i++)
        {
            i.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
            to.Element(BsonType.Array, digits[..length]);
            Pair(ring[i], to);
        }
        to.End();
        to.End();
        to.End();
    }

    /// <summary>The items of an array of texts.</summary>
    public static void WriteTexts(string[] texts, BsonWriter to)
    {
        to.Begin();
        Span<byte> digits = stackalloc byte[11];
        for (var i = 0; i < texts.Length; i++)
        {
            i.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
            to.Element(BsonType.Text, digits[..length]);
            to.Text(BsonText.Encode(texts[i]));
        }
        to.End();
    }

    private static void Pair(GeoPoint point, BsonWriter to)
    {
        to.Begin();
        NestedToBson.WriteNumber("0"u8, point.Longitude, to);
        NestedToBson.WriteNumber("1"u8, point.Latitude, to);
        to.End();
    }
}
