using System.Net;

namespace Backend.ParseCompat.Wire;

/// <summary>Addresses and CIDR ranges from which a key counts.</summary>
internal sealed class AddressRanges
{
    private readonly IPNetwork[] _ranges;

    public AddressRanges(string[]? ranges)
    {
        _ranges = [.. (ranges ?? ["127.0.0.1", "::1"]).Select(text =>
            TryParse(text, out var range) ? range : throw new FormatException($"'{text}' is no address and no CIDR range."))];
    }

    /// <summary>Reads an address (a range of one) or a range; bits beyond the prefix are ignored.</summary>
    public static bool TryParse(string text, out IPNetwork range)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address))
            return false;
        var bits = address.GetAddressBytes().Length * 8;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), out prefix) || prefix < 0 || prefix > bits))
            return false;
        var bytes = address.GetAddressBytes();
        for (var i = prefix; i < bits; i++)
            bytes[i / 8] &= (byte)~(0x80 >> (i % 8));
        range = new IPNetwork(new IPAddress(bytes), prefix);
        return true;
    }

    /// <summary>Whether the address lies in a range. An unknown address does not.</summary>
    public bool Contains(IPAddress? address)
    {
        if (address is null)
            return false;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        foreach (var range in _ranges)
        {
            if (range.Contains(address))
                return true;
        }

        return false;
    }
}
