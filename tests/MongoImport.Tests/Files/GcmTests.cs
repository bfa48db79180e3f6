using System.Security.Cryptography;
using Backend.MongoImport.Files;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Files;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class GcmTests
{
    // Made by Node's crypto, which the old server uses: text byte i is 7i+length, vector byte i is 11i+length, passphrase "open sesame"; text, vector, tag.
    [TestCase(0, "000b16212c37424d58636e79848f9aa5288f3fe270b3ebfa29ee291041a409b1")]
    [TestCase(5, "982656b61805101b26313c47525d68737e89949faa8a9826dc10109b90a8269c50e7798b89")]
    [TestCase(16, "56681fd23e44acdde007205e7f3fade4101b26313c47525d68737e89949faab5e270d1f0e96b7f4ae63d79fb01e5e466")]
    [TestCase(100, "fb811db18cd797dabf5c1ba6249959019f9c0b8f6a60d14f5486d2059b683c7a4c018f342112ba0fb2da0c52737e013a5f58624aa5dcf4eb44a07376f2bcd660b5abb6dfb72c65d8cda50846880c1818d81b1fba85b317524310a9d149d18858666946d3646f7a85909ba6b1bcc7d2dde8f3fe090991c624bab68d2e72723ebe6cfbda82")]
    public void What_the_old_server_encrypted_is_decrypted(int length, string stored)
    {
        using var gcm = new Gcm(Gcm.KeyOf("open sesame"));
        var bytes = Convert.FromHexString(stored);
        Assert.That(Open(gcm, bytes, 16), Is.EqualTo(Enumerable.Range(0, length).Select(i => (byte)(i * 7 + length))));
        bytes[^1] ^= 1;
        Assert.That(Open(gcm, bytes, 16), Is.Null);
        using var other = new Gcm(Gcm.KeyOf("open barley"));
        Assert.That(Open(other, Convert.FromHexString(stored), 16), Is.Null);
    }

    [Test]
    public void It_is_what_dotnet_does_where_dotnet_can()
    {
        var random = new Random(Seed.Value);
        for (var n = 0; n < 200; n++)
        {
            var (key, vector, tag) = (new byte[32], new byte[12], new byte[16]);
            var plain = new byte[n < 190 ? random.Next(300) : random.Next(300_000)];
            random.NextBytes(key);
            random.NextBytes(vector);
            random.NextBytes(plain);
            var cipher = new byte[plain.Length];
            using var aes = new AesGcm(key, 16);
            aes.Encrypt(vector, plain, cipher, tag);
            using var gcm = new Gcm(key);
            Assert.That(Open(gcm, [.. cipher, .. vector, .. tag], 12), Is.EqualTo(plain), $"seed {Seed.Value}, {plain.Length} bytes");
        }
    }

    private static byte[]? Open(Gcm gcm, byte[] stored, int vectorSize)
    {
        var length = stored.Length - vectorSize - Gcm.TagSize;
        var vector = stored.AsSpan(length, vectorSize);
        if (!gcm.Verify(new MemoryStream(stored), length, vector, stored.AsSpan(length + vectorSize)))
        {
            return null;
        }
        using var plain = new MemoryStream();
        using var decrypted = gcm.Decrypt(new MemoryStream(stored), length, vector);
        decrypted.CopyTo(plain);
        return plain.ToArray();
    }
}
