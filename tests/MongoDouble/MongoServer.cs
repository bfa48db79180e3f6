using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Commands;
using Backend.MongoDouble.Store;
using Backend.MongoDouble.Wire;

namespace Backend.MongoDouble;

/// <summary>
/// A stand-in for a MongoDB server, in memory: as much of its wire protocol as the official drivers need to list, read, watch and write. Tests look
/// into it and change it from the inside; what they change reaches change streams like what clients write. Not a database: no indexes are used
/// (unique ones hold for what clients write), queries know little.
/// </summary>
public sealed class MongoServer : IAsyncDisposable
{
    private readonly MongoServerOptions _options;
    private readonly DocumentStore _store = new();
    private readonly Cursors _cursors = new();
    private readonly Dispatcher _dispatcher;
    private readonly ConcurrentDictionary<TcpClient, Task> _clients = new();
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly ConcurrentDictionary<string, MongoDoc> _last = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2? _certificate;
    private TcpListener _listener = new(IPAddress.Loopback, 0);
    private Task _accepting = Task.CompletedTask;

    private MongoServer(MongoServerOptions options)
    {
        _options = options;
        _dispatcher = new Dispatcher(_store, _cursors, options, () => Address);
        if (options.Tls)
        {
            _certificate = OwnCertificate.Make();
            CertificateFile = Path.GetTempFileName();
            File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem());
        }
        Listen();
    }

    /// <summary>Host and port.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The file of the certificate (PEM), for clients that are to trust it; empty without TLS.</summary>
    public string CertificateFile { get; } = "";

    /// <summary>What goes wrong.</summary>
    public Faults Faults { get; } = new();

    /// <summary>Names of the commands that came, in order.</summary>
    public IReadOnlyCollection<string> Commands => _commands;

    /// <summary>The last command of a name, as it came; null when there was none.</summary>
    public MongoDoc? Last(string command) => _last.GetValueOrDefault(command);

    /// <summary>How many connections are open.</summary>
    public int Connections => _clients.Count;

    /// <summary>How many cursors are open.</summary>
    public int OpenCursors => _cursors.Count;

    public static MongoServer Start(MongoServerOptions? options = null) => new(options ?? new MongoServerOptions());

    /// <summary>A connection string to a database of it.</summary>
    /// <param name="database">The database; none when empty.</param>
    /// <param name="further">Further options, as <c>name=value</c>.</param>
    public string Uri(string database = "", params string[] further)
    {
        var login = _options.User is { } user ? $"{System.Uri.EscapeDataString(user)}:{System.Uri.EscapeDataString(_options.Password)}@" : "";
        IEnumerable<string> settings = [.. _options.ReplicaSet ? ["replicaSet=rs0"] : Array.Empty<string>(), .. _options.User is null ? [] : new[] { "authSource=admin" }, .. _options.Tls ? new[] { "tls=true" } : [], .. further];
        return $"mongodb://{login}{Address}/{database}?{string.Join('&', settings)}";
    }

    /// <summary>Puts documents into a collection without a change that streams tell.</summary>
    public void Seed(string database, string collection, params IEnumerable<byte[]> documents)
    {
        lock (_store.Gate)
        {
            var seeded = _store.Get(database, collection);
            foreach (var document in documents)
            {
                seeded.Put(IdKey.Of(DocumentStore.Id(document)), document);
            }
        }
    }

    /// <summary>Declares an index.</summary>
    public void SeedIndex(string database, string collection, MongoDoc index)
    {
        lock (_store.Gate)
        {
            _store.Get(database, collection).Indexes.Add(index);
        }
    }

    /// <summary>Makes an index, and tells change streams of it.</summary>
    public void CreateIndex(string database, string collection, MongoDoc index)
    {
        lock (_store.Gate)
        {
            _store.Get(database, collection).Indexes.Add(index);
            _store.Note("createIndexes", database, collection);
        }
    }

    /// <summary>Drops an index, and tells change streams of it.</summary>
    public void DropIndex(string database, string collection, string name)
    {
        lock (_store.Gate)
        {
            _store.Get(database, collection).Indexes.RemoveAll(i => i.Text("name") == name);
            _store.Note("dropIndexes", database, collection);
        }
    }

    /// <summary>The documents of a collection in the order of their insertion; empty when there is none.</summary>
    public IReadOnlyList<byte[]> Documents(string database, string collection)
    {
        lock (_store.Gate)
        {
            return _store.Find(database, collection)?.All ?? [];
        }
    }

    /// <summary>The names of a database's collections.</summary>
    public IReadOnlyList<string> Collections(string database)
    {
        lock (_store.Gate)
        {
            return [.. _store.Database(database).Keys];
        }
    }

    /// <summary>The indexes of a collection.</summary>
    public IReadOnlyList<MongoDoc> Indexes(string database, string collection)
    {
        lock (_store.Gate)
        {
            return [.. _store.Find(database, collection)?.Indexes ?? []];
        }
    }

    /// <summary>One document by its id.</summary>
    public byte[]? Find(string database, string collection, object? id)
    {
        lock (_store.Gate)
        {
            return _store.Find(database, collection)?.Find(IdKey.Of(id));
        }
    }

    /// <summary>Inserts a document, or replaces the one with its id.</summary>
    public void Put(string database, string collection, byte[] document)
    {
        lock (_store.Gate)
        {
            var there = _store.Find(database, collection)?.Find(IdKey.Of(DocumentStore.Id(document))) is not null;
            _store.Put(database, collection, document, there ? "replace" : "insert");
        }
    }

    /// <summary>Changes a document as an update does: the change stream tells no document, whoever asks for it looks it up.</summary>
    public void Update(string database, string collection, byte[] document)
    {
        lock (_store.Gate)
        {
            _store.Put(database, collection, document, "update");
        }
    }

    /// <summary>Deletes a document; false when there was none.</summary>
    public bool Delete(string database, string collection, object? id)
    {
        lock (_store.Gate)
        {
            return _store.Remove(database, collection, id);
        }
    }

    /// <summary>Drops a collection.</summary>
    public bool Drop(string database, string collection)
    {
        lock (_store.Gate)
        {
            return _store.Drop(database, collection);
        }
    }

    /// <summary>Drops a database with all collections; a change stream on it ends.</summary>
    public void DropDatabase(string database)
    {
        lock (_store.Gate)
        {
            _store.DropDatabase(database);
        }
    }

    /// <summary>Gives a collection another name.</summary>
    public bool Rename(string database, string collection, string to)
    {
        lock (_store.Gate)
        {
            return _store.Rename(database, collection, to);
        }
    }

    /// <summary>Forgets what has happened so far: a stream cannot go on from a position before now. Streams that are open are not touched.</summary>
    public void LoseHistory()
    {
        lock (_store.Gate)
        {
            // Something that happens elsewhere, so that even the newest position is one before the oldest entry.
            _store.Note("noop", "local", "");
            _store.Forget();
        }
    }

    /// <summary>Closes all connections; new ones are accepted. Cursors are gone, as after an election.</summary>
    public void DropConnections()
    {
        _cursors.Clear();
        foreach (var client in _clients.Keys)
        {
            client.Close();
        }
    }

    /// <summary>Goes away: no connection, and none can be made, until <see cref="Return"/>.</summary>
    public void GoAway()
    {
        _listener.Stop();
        DropConnections();
    }

    /// <summary>Is there again, under the same address.</summary>
    public void Return()
    {
        _listener = new TcpListener(IPEndPoint.Parse(Address));
        Listen();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        foreach (var client in _clients.Keys)
        {
            client.Close();
        }
        await Task.WhenAll(_clients.Values);
        _stop.Dispose();
        _certificate?.Dispose();
        if (CertificateFile.Length > 0)
        {
            File.Delete(CertificateFile);
        }
    }

    private void Listen()
    {
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Start();
        Address = _listener.LocalEndpoint.ToString()!;
        _accepting = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            client.NoDelay = true;
            var served = new TaskCompletionSource();
            _clients[client] = served.Task;
            _ = ServeAsync(client).ContinueWith(
                _ =>
                {
                    _clients.TryRemove(client, out Task? _);
                    client.Dispose();
                    served.SetResult();
                },
                TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var session = new Session(() => client.Client is not { Connected: true } socket || (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0));
        try
        {
            await using var stream = await OpenAsync(client);
            while (await Message.ReadAsync(stream, _stop.Token) is { } message)
            {
                var request = new Request(message, session, _stop.Token);
                _commands.Enqueue(request.Name);
                _last[request.Name] = message.Command;
                if (await AnswerAsync(request) is not { } reply)
                {
                    return;
                }
                if (!message.Unanswered)
                {
                    await stream.WriteAsync(message.Answer(reply), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException or AuthenticationException)
        {
            // The connection's end, by whichever side.
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null)
        {
            return client.GetStream();
        }
        var secure = new SslStream(client.GetStream());
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return secure;
    }

    // Null: the connection is to be closed.
    private async Task<MongoDoc?> AnswerAsync(Request request)
    {
        MongoDoc reply;
        try
        {
            if (!await Faults.PassAsync(request.Name, request.Stop))
            {
                return null;
            }
            reply = await _dispatcher.AnswerAsync(request);
            reply.Add("ok", 1.0);
        }
        catch (CommandException e)
        {
            reply = new() { { "ok", 0.0 }, { "errmsg", e.Message }, { "code", e.Code }, { "codeName", e.CodeName } };
            if (e.Labels.Length > 0)
            {
                reply.Add("errorLabels", e.Labels);
            }
        }
        if (_options.ReplicaSet)
        {
            lock (_store.Gate)
            {
                reply["operationTime"] = new Timestamp(Change.Clock(_store.Now));
            }
        }
        return reply;
    }
}
