using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Commands;

/// <summary>What a driver asks before it asks for data.</summary>
internal sealed class Handshake(MongoServerOptions options, Func<string> address)
{
    public MongoDoc Hello(Request request)
    {
        var reply = new MongoDoc
        {
            { "helloOk", true },
            { "ismaster", true },
            { "isWritablePrimary", true },
            { "maxBsonObjectSize", 16 * 1024 * 1024 },
            { "maxMessageSizeBytes", 48_000_000 },
            { "maxWriteBatchSize", 100_000 },
            { "localTime", DateTimeOffset.UtcNow },
            { "logicalSessionTimeoutMinutes", 30 },
            { "connectionId", 1 },
            { "minWireVersion", 0 },
            { "maxWireVersion", options.WireVersion },
            { "readOnly", false },
        };
        if (options.ReplicaSet)
        {
            reply.Add("setName", "rs0");
            reply.Add("setVersion", 1);
            reply.Add("secondary", false);
            reply.Add("hosts", new[] { address() });
            reply.Add("primary", address());
            reply.Add("me", address());
        }
        if (request.Command.Has("saslSupportedMechs"))
        {
            reply.Add("saslSupportedMechs", new[] { "SCRAM-SHA-256" });
        }
        if (request.Command.Nested("speculativeAuthenticate") is { } speculative && options.User is not null)
        {
            reply.Add("speculativeAuthenticate", Start(request, speculative));
        }
        return reply;
    }

    public MongoDoc BuildInfo() => new()
    {
        { "version", options.Version },
        { "versionArray", options.Version.Split('.').Select(int.Parse).Append(0).ToArray() },
        { "maxBsonObjectSize", 16 * 1024 * 1024 },
    };

    public MongoDoc Start(Request request, MongoDoc command) => (request.Session.Scram = new Scram(options)).Start(command);

    public static MongoDoc Continue(Request request)
    {
        var scram = request.Session.Scram ?? throw new CommandException(17, "ProtocolError", "No SASL session state found");
        var reply = scram.Continue(request.Command);
        request.Session.Authenticated = scram.Done;
        return reply;
    }
}
