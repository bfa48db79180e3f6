using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Backend.Testing;

/// <summary>Ports of 127.0.0.1 that nothing listens on.</summary>
public static class FreePort
{
    private static readonly HashSet<int> Given = [];

    // Test processes that run at the same time are given a thousand each: TEST_PORTS is the first.
    private static readonly (int First, int End) Range = Environment.GetEnvironmentVariable("TEST_PORTS") is { Length: > 0 } first
        ? (int.Parse(first, CultureInfo.InvariantCulture), int.Parse(first, CultureInfo.InvariantCulture) + 1000)
        : (12000, 20000);

    /// <summary>
    /// A port that was free a moment ago and that this process was not given before. It lies below the ports of outgoing connections,
    /// so that only another test process can take it.
    /// </summary>
    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(Range.First, Range.End);
            lock (Given)
            {
                if (Given.Count == Range.End - Range.First)
                    Given.Clear();
                if (!Given.Add(port))
                    continue;
            }
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody else's: the next one.
            }
        }
    }
}
