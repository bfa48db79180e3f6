using System.Buffers.Binary;

namespace Backend.Data.Values;

/// <summary>PostGIS's binary form of points and single-ring polygons (EWKB, SRID 4326), as sent to and read from geometry columns.</summary>
public static class Ewkb
{
    private const uint WithSrid = 0x2000_0000;
    private const int Srid = 4326;

    /// <summary>A point's 25 bytes.</summary>
    public static byte[] Point(GeoPoint point)
    {
        var bytes = new byte[25];
        Header(bytes, 1);
        Coordinates(bytes.AsSpan(9), point);
        return bytes;
    }

    /// <summary>A polygon of one ring, which must be closed.</summary>
    public static byte[] Polygon(ReadOnlySpan<GeoPoint> ring)
    {
        var bytes = new byte[17 + (16 * ring.Length)];
        Header(bytes, 3);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(13), ring.Length);
        for (var i = 0; i < ring.Length; i++)
            Coordinates(bytes.AsSpan(17 + (16 * i)), ring[i]);
        return bytes;
    }

    /// <summary>Reads a point.</summary>
    public static GeoPoint ReadPoint(ReadOnlySpan<byte> bytes) => ReadCoordinates(bytes[BodyStart(bytes)..]);

    /// <summary>Reads the outer ring of a polygon.</summary>
    public static GeoPoint[] ReadRing(ReadOnlySpan<byte> bytes)
    {
        var body = bytes[BodyStart(bytes)..];
        var ring = new GeoPoint[BinaryPrimitives.ReadInt32LittleEndian(body[4..])];
        for (var i = 0; i < ring.Length; i++)
            ring[i] = ReadCoordinates(body[(8 + (16 * i))..]);
        return ring;
    }

    private static int BodyStart(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]) & WithSrid) != 0 ? 9 : 5;

    private static void Header(Span<byte> bytes, uint type)
    {
        bytes[0] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[1..], type | WithSrid);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[5..], Srid);
    }

    private static void Coordinates(Span<byte> bytes, GeoPoint point)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, point.Longitude);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[8..], point.Latitude);
    }

    private static GeoPoint ReadCoordinates(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadDoubleLittleEndian(bytes), BinaryPrimitives.ReadDoubleLittleEndian(bytes[8..]));
}
