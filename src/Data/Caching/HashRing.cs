using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Backend.Data.Caching;

/// <summary>
/// Consistent hashing: each server has many points on a ring, a key belongs to the next point. With one server more or less only its share of the keys
/// moves. A server that is down keeps its keys (they count as empty): were they moved, it would come back with old values.
/// </summary>
internal sealed class HashRing
{
    private const int PointsPerServer = 160;
    private readonly ulong[] _points;
    private readonly int[] _servers;

    public HashRing(IReadOnlyList<string> servers)
    {
        var points = new List<(ulong Point, int Server)>();
        for (var server = 0; server < servers.Count; server++)
        {
            for (var n = 0; n < PointsPerServer; n++)
                points.Add((BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{servers[server]}-{n}"))), server));
        }

        points.Sort();
        _points = [.. points.Select(p => p.Point)];
        _servers = [.. points.Select(p => p.Server)];
    }

    /// <summary>The index of the server for a hash.</summary>
    public int Find(ulong hash)
    {
        var at = Array.BinarySearch(_points, hash);
        if (at < 0)
            at = ~at;
        return _servers[at == _points.Length ? 0 : at];
    }
}
