using System.Security.Cryptography;
using System.Text;
using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Commands;

/// <summary>The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) for one user.</summary>
internal sealed class Scram(MongoServerOptions options)
{
    private const int Iterations = 4096;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(28);
    private string _clientFirst = "";
    private string _serverFirst = "";
    private string _nonce = "";

    /// <summary>Whether the client has shown that it knows the password.</summary>
    public bool Done { get; private set; }

    /// <summary>Answers the first message.</summary>
    public MongoDoc Start(MongoDoc command)
    {
        if (command.Text("mechanism") != "SCRAM-SHA-256" || command["payload"] is not byte[] payload)
        {
            throw Failed();
        }
        var first = Encoding.UTF8.GetString(payload);
        _clientFirst = first[(first.IndexOf("n=", StringComparison.Ordinal))..];
        _nonce = Attribute(_clientFirst, 'r') + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24));
        _serverFirst = $"r={_nonce},s={Convert.ToBase64String(_salt)},i={Iterations}";
        return Reply(_serverFirst);
    }

    /// <summary>Answers the second message, which holds the proof.</summary>
    public MongoDoc Continue(MongoDoc command)
    {
        var final = Encoding.UTF8.GetString(command["payload"] as byte[] ?? throw Failed());
        if (Done)
        {
            return Reply("");
        }
        var withoutProof = final[..final.LastIndexOf(",p=", StringComparison.Ordinal)];
        var salted = Rfc2898DeriveBytes.Pbkdf2(options.Password, _salt, Iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = Hmac(salted, "Client Key");
        var message = $"{_clientFirst},{_serverFirst},{withoutProof}";
        var signature = Hmac(SHA256.HashData(clientKey), message);
        var proof = clientKey.Zip(signature, (a, b) => (byte)(a ^ b)).ToArray();
        if (Attribute(_clientFirst, 'n') != options.User || Attribute(withoutProof, 'r') != _nonce || Attribute(final, 'p') != Convert.ToBase64String(proof))
        {
            throw Failed();
        }
        Done = true;
        return Reply($"v={Convert.ToBase64String(Hmac(Hmac(salted, "Server Key"), message))}");
    }

    private static CommandException Failed() => new(18, "AuthenticationFailed", "Authentication failed.");

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Attribute(string message, char name) =>
        message.Split(',').FirstOrDefault(part => part.StartsWith($"{name}=", StringComparison.Ordinal))?[2..] ?? "";

    private MongoDoc Reply(string payload) => new() { { "conversationId", 1 }, { "done", Done }, { "payload", Encoding.UTF8.GetBytes(payload) } };
}
