using System.Net;
using System.Net.Sockets;

namespace Backend.Data.Limits;

/// <summary>What a client's address counts as where requests or wrong passwords are counted per address.</summary>
public static class ClientAddress
{
    /// <summary>
    /// IPv4: the address itself, however the socket shows it. IPv6: its network of 64 bits, which is what one subscriber has: every request could come from
    /// another address of it. Null: there is no address.
    /// </summary>
    public static string? Counted(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6 })
            return address?.ToString();
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4().ToString();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
