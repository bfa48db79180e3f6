using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Backend.MongoImport.Files;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) with an initialization vector of any length, as a stream: the old server used 16 bytes, where .NET's own class takes 12 and
/// wants the whole text in memory.
/// </summary>
internal sealed class Gcm : IDisposable
{
    public const int TagSize = 16;
    public const int VectorSize = 16;

    private const int BlockSize = 16;
    private const int BufferSize = 64 * 1024;

    private readonly Aes _aes;
    private readonly UInt128[] _products = new UInt128[256];

    /// <summary>Prepares a key of 32 bytes.</summary>
    public Gcm(byte[] key)
    {
        _aes = Aes.Create();
        _aes.Key = key;
        Span<byte> zero = stackalloc byte[BlockSize];
        Span<byte> hashKey = stackalloc byte[BlockSize];
        _aes.EncryptEcb(zero, hashKey, PaddingMode.None);
        // Products of the hash key with every byte in the highest place: bit by bit first, then by addition.
        var power = BinaryPrimitives.ReadUInt128BigEndian(hashKey);
        for (var bit = 0x80; bit > 0; bit >>= 1)
        {
            _products[bit] = power;
            power = Halve(power);
        }
        for (var n = 2; n < 256; n++)
        {
            var lowest = n & -n;
            _products[n] = _products[lowest] ^ _products[n ^ lowest];
        }
    }

    /// <summary>The old server's key for a passphrase: the first 32 characters of the Base64 form of its SHA-256.</summary>
    public static byte[] KeyOf(string passphrase) =>
        System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(passphrase))))[..32];

    /// <summary>Whether text, vector and tag belong together under this key.</summary>
    /// <param name="cipher">Gives the encrypted bytes, from its position on.</param>
    /// <param name="length">How many.</param>
    /// <param name="vector">The initialization vector.</param>
    /// <param name="tag">The tag.</param>
    public bool Verify(Stream cipher, long length, ReadOnlySpan<byte> vector, ReadOnlySpan<byte> tag)
    {
        UInt128 hash = 0;
        var buffer = new byte[BufferSize];
        for (var left = length; left > 0;)
        {
            var read = cipher.ReadAtLeast(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), (int)Math.Min(left, buffer.Length));
            hash = Hash(hash, buffer.AsSpan(0, read));
            left -= read;
        }
        hash = Multiply(hash ^ (UInt128)((ulong)length * 8));
        Span<byte> expected = stackalloc byte[TagSize];
        Span<byte> counter = stackalloc byte[BlockSize];
        BinaryPrimitives.WriteUInt128BigEndian(counter, Start(vector));
        _aes.EncryptEcb(counter, expected, PaddingMode.None);
        BinaryPrimitives.WriteUInt128BigEndian(expected, BinaryPrimitives.ReadUInt128BigEndian(expected) ^ hash);
        return CryptographicOperations.FixedTimeEquals(expected, tag);
    }

    /// <summary>The plain bytes of what was verified.</summary>
    public Stream Decrypt(Stream cipher, long length, ReadOnlySpan<byte> vector) => new Plain(_aes, cipher, length, Start(vector));

    public void Dispose() => _aes.Dispose();

    /// <summary>The counter's first block.</summary>
    private UInt128 Start(ReadOnlySpan<byte> vector)
    {
        if (vector.Length == 12)
        {
            Span<byte> block = stackalloc byte[BlockSize];
            vector.CopyTo(block);
            block[^1] = 1;
            return BinaryPrimitives.ReadUInt128BigEndian(block);
        }
        return Multiply(Hash(0, vector) ^ (UInt128)((ulong)vector.Length * 8));
    }

    private UInt128 Hash(UInt128 hash, ReadOnlySpan<byte> bytes)
    {
        Span<byte> last = stackalloc byte[BlockSize];
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < BlockSize)
            {
                bytes.CopyTo(last);
                return Multiply(hash ^ BinaryPrimitives.ReadUInt128BigEndian(last));
            }
            hash = Multiply(hash ^ BinaryPrimitives.ReadUInt128BigEndian(bytes));
            bytes = bytes[BlockSize..];
        }
        return hash;
    }

    // In GCM's order of bits the highest is the power zero, so the lowest byte is taken first and moved down eight times for each further one.
    private UInt128 Multiply(UInt128 value)
    {
        UInt128 product = 0;
        for (var shift = 0; shift < 128; shift += 8)
        {
            product = Down(product) ^ _products[(int)(byte)(value >> shift)];
        }
        return product;
    }

    private static UInt128 Halve(UInt128 value)
    {
        var carry = (value & 1) != 0;
        value >>= 1;
        return carry ? value ^ ((UInt128)0xE1 << 120) : value;
    }

    private static UInt128 Down(UInt128 value) => (value >> 8) ^ Reductions[(int)(byte)value];

    private static readonly UInt128[] Reductions = MakeReductions();

    private static UInt128[] MakeReductions()
    {
        var reductions = new UInt128[256];
        for (var n = 0; n < 256; n++)
        {
            UInt128 value = (UInt128)n;
            for (var i = 0; i < 8; i++)
            {
                value = Halve(value);
            }
            reductions[n] = value;
        }
        return reductions;
    }

    private sealed class Plain(Aes aes, Stream cipher, long length, UInt128 counter) : Stream
    {
        private readonly byte[] _key = new byte[BufferSize];
        private readonly byte[] _counters = new byte[BufferSize];
        private readonly byte[] _text = new byte[BufferSize];
        private long _left = length;
        private int _at;
        private int _filled;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (_at == _filled && !Fill())
            {
                return 0;
            }
            var taken = Math.Min(buffer.Length, _filled - _at);
            _text.AsSpan(_at, taken).CopyTo(buffer);
            _at += taken;
            return taken;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private bool Fill()
        {
            _at = 0;
            _filled = (int)Math.Min(_left, BufferSize);
            if (_filled == 0)
            {
                return false;
            }
            cipher.ReadExactly(_text, 0, _filled);
            _left -= _filled;
            var blocks = (_filled + BlockSize - 1) / BlockSize;
            for (var i = 0; i < blocks; i++)
            {
                // Only the last four bytes count, and they wrap.
                counter = (counter >> 32 << 32) | (uint)((uint)counter + 1);
                BinaryPrimitives.WriteUInt128BigEndian(_counters.AsSpan(i * BlockSize), counter);
            }
            aes.EncryptEcb(_counters.AsSpan(0, blocks * BlockSize), _key, PaddingMode.None);
            for (var i = 0; i < _filled; i++)
            {
                _text[i] ^= _key[i];
            }
            return true;
        }
    }
}
