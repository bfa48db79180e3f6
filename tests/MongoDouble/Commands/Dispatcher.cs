using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>Finds who answers a command.</summary>
internal sealed class Dispatcher(DocumentStore store, Cursors cursors, MongoServerOptions options, Func<string> address)
{
    private static readonly HashSet<string> BeforeLogin = new(StringComparer.OrdinalIgnoreCase)
    {
        "hello", "isMaster", "saslStart", "saslContinue", "ping", "buildInfo", "endSessions",
    };

    private readonly Handshake _handshake = new(options, address);
    private readonly Definitions _definitions = new(store);
    private readonly Reads _reads = new(store, cursors, options);
    private readonly Writes _writes = new(store);

    public async Task<MongoDoc> AnswerAsync(Request request)
    {
        if (options.User is not null && !request.Session.Authenticated && !BeforeLogin.Contains(request.Name))
        {
            throw new CommandException(13, "Unauthorized", $"Command {request.Name} requires authentication");
        }
        if (request.Name == "getMore")
        {
            return await cursors.NextAsync(request);
        }
        lock (store.Gate)
        {
            return Answer(request);
        }
    }

    private MongoDoc Answer(Request request) => request.Name switch
    {
        "hello" or "isMaster" or "ismaster" => _handshake.Hello(request),
        "saslStart" => _handshake.Start(request, request.Command),
        "saslContinue" => Handshake.Continue(request),
        "ping" or "endSessions" or "startSession" or "abortTransaction" or "commitTransaction" => [],
        "buildInfo" or "buildinfo" => _handshake.BuildInfo(),
        "listDatabases" => _definitions.ListDatabases(),
        "listCollections" => cursors.First($"{request.Database}.$cmd.listCollections", _definitions.ListCollections(request), request.Command),
        "listIndexes" => cursors.First($"{request.Database}.{request.Collection}", _definitions.ListIndexes(request), request.Command),
        "create" => _definitions.Create(request),
        "createIndexes" => _definitions.CreateIndexes(request),
        "dropIndexes" => _definitions.DropIndexes(request),
        "drop" => _definitions.Drop(request),
        "dropDatabase" => _definitions.DropDatabase(request),
        "renameCollection" => _definitions.Rename(request),
        "find" => _reads.Find(request),
        "count" => _reads.Count(request),
        "collStats" => _reads.Statistics(request),
        "aggregate" => _reads.Aggregate(request),
        "killCursors" => cursors.Kill(request),
        "insert" => _writes.Insert(request),
        "update" => _writes.Update(request),
        "delete" => _writes.Delete(request),
        _ => throw new CommandException(59, "CommandNotFound", $"no such command: '{request.Name}'"),
    };
}
