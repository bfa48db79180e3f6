using System.Net;
using System.Net.Sockets;

namespace Backend.EndToEnd.Nginx;

/// <summary>A client from elsewhere on one machine: its sockets are bound to an address of its own, which the server sees.</summary>
internal static class BoundClient
{
    public static HttpClient From(string address) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
