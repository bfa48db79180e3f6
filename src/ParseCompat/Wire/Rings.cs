using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>What MongoDB's geographic index asks of a polygon that is saved.</summary>
internal static class Rings
{
    /// <summary>Every edge is compared with every other: a longer ring is taken as it is.</summary>
    private const int MostCompared = 2000;

    /// <summary>Whether two edges of a closed ring cross. Edges that touch or lie on each other do not.</summary>
    public static bool HaveCrossingEdges(IReadOnlyList<GeoPoint> ring)
    {
        if (ring.Count > MostCompared)
            return false;
        for (var i = 0; i + 1 < ring.Count; i++)
        {
            for (var j = i + 2; j + 1 < ring.Count; j++)
            {
                if (Side(ring[i], ring[i + 1], ring[j]) * Side(ring[i], ring[i + 1], ring[j + 1]) < 0
                    && Side(ring[j], ring[j + 1], ring[i]) * Side(ring[j], ring[j + 1], ring[i + 1]) < 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>On which side of the line through two points a third one lies: -1, 0 (on it) or 1.</summary>
    private static int Side(GeoPoint from, GeoPoint to, GeoPoint point) =>
        Math.Sign(((to.Longitude - from.Longitude) * (point.Latitude - from.Latitude)) - ((to.Latitude - from.Latitude) * (point.Longitude - from.Longitude)));
}
