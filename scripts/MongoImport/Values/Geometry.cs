using System.Buffers.Binary;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>Points and polygons from their stored forms to EWKB, the bytes of a geometry.</summary>
internal static class Geometry
{
    private const uint PointType = 0x2000_0001;
    private const uint PolygonType = 0x2000_0003;
    private const int Srid = 4326;

    /// <summary>Reads exactly two numbers.</summary>
    public static bool TryPair(BsonValue array, out double first, out double second)
    {
        first = second = 0;
        if (array.Type != BsonType.Array)
        {
            return false;
        }
        var reader = new BsonReader(array.Raw);
        return reader.Read() && reader.Value.IsNumber && Numbers.TryExact(reader.Value, out first)
            && reader.Read() && reader.Value.IsNumber && Numbers.TryExact(reader.Value, out second)
            && !reader.Read();
    }

    /// <summary>Writes a point: stored as <c>[longitude, latitude]</c>, exported as a GeoPoint.</summary>
    /// <returns>False when the value is none, or not finite.</returns>
    public static bool TryWritePoint(BsonValue value, Buffer to)
    {
        double longitude, latitude;
        if (value.Type == BsonType.Document)
        {
            if (!ParseForms.Is(value, ParseForms.GeoPoint)
                || !ParseForms.TryNumber(value, "longitude"u8, out longitude) || !ParseForms.TryNumber(value, "latitude"u8, out latitude))
            {
                return false;
            }
        }
        else if (!TryPair(value, out longitude, out latitude))
        {
            return false;
        }
        if (!double.IsFinite(longitude) || !double.IsFinite(latitude))
        {
            return false;
        }
        Head(PointType, to);
        Pair(longitude, latitude, to);
        return true;
    }

    /// <summary>
    /// Writes a polygon of one closed ring: stored as GeoJSON, exported with <c>[latitude, longitude]</c> pairs. What says more than that (a
    /// reference system, a second ring) is none.
    /// </summary>
    public static bool TryWritePolygon(BsonValue value, Buffer to)
    {
        var start = to.Length;
        var written = value.Type == BsonType.Document && HasTwoMembers(value) && value.TryFind("coordinates"u8, out var coordinates) && coordinates.Type == BsonType.Array
            && (ParseForms.Is(value, ParseForms.Polygon)
                ? TryWriteRing(coordinates, swap: true, close: true, to)
                : ParseForms.TryText(value, "type"u8, out var type) && type.SequenceEqual("Polygon"u8)
                    && TryOnly(coordinates, out var ring) && TryWriteRing(ring, swap: false, close: false, to));
        if (!written)
        {
            to.CutBack(start);
        }
        return written;
    }

    private static bool HasTwoMembers(BsonValue document)
    {
        var reader = new BsonReader(document.Raw);
        return reader.Read() && reader.Read() && !reader.Read();
    }

    private static bool TryOnly(BsonValue array, out BsonValue only)
    {
        only = default;
        var reader = new BsonReader(array.Raw);
        if (!reader.Read() || reader.Type != BsonType.Array)
        {
            return false;
        }
        only = reader.Value;
        return !reader.Read();
    }

    private static bool TryWriteRing(BsonValue ring, bool swap, bool close, Buffer to)
    {
        Head(PolygonType, to);
        UInt32(1, to);
        var countAt = to.Length;
        UInt32(0, to);
        uint count = 0;
        double firstX = 0, firstY = 0, x = 0, y = 0;
        var reader = new BsonReader(ring.Raw);
        while (reader.Read())
        {
            if (!TryPair(reader.Value, out x, out y) || !double.IsFinite(x) || !double.IsFinite(y))
            {
                return false;
            }
            if (swap)
            {
                (x, y) = (y, x);
            }
            if (count++ == 0)
            {
                (firstX, firstY) = (x, y);
            }
            Pair(x, y, to);
        }
        var closed = x == firstX && y == firstY;
        if (count < 3 || (!closed && !close))
        {
            return false;
        }
        if (!closed)
        {
            Pair(firstX, firstY, to);
            count++;
        }
        if (count < 4)
        {
            return false;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(to.At(countAt, 4), count);
        return true;
    }

    private static void Head(uint type, Buffer to)
    {
        to.Byte(1);
        UInt32(type, to);
        UInt32(Srid, to);
    }

    private static void UInt32(uint value, Buffer to) => BinaryPrimitives.WriteUInt32LittleEndian(to.Take(4), value);

    private static void Pair(double x, double y, Buffer to)
    {
        var room = to.Take(16);
        BinaryPrimitives.WriteDoubleLittleEndian(room, x);
        BinaryPrimitives.WriteDoubleLittleEndian(room[8..], y);
    }
}
