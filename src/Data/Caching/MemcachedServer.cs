using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Backend.Data.Caching;

/// <summary>One server: its connection, made when first needed and again after a pause that doubles while the server is down.</summary>
internal sealed class MemcachedServer : IDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(5);

    private readonly string _host;
    private readonly int _port;
    private readonly MemcachedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Task<MemcachedLink?>? _link;
    private TimeSpan _pause;
    private long _begun;
    private long _notBefore;
    private bool _disposed;

    public MemcachedServer(string server, MemcachedOptions options, TimeProvider time, ILogger logger)
    {
        if (!MemcachedOptions.TryParse(server, out _host, out _port))
            throw new ArgumentException($"\"{server}\" is not host:port.", nameof(server));
        _options = options;
        _time = time;
        _logger = logger;
        _notBefore = time.GetTimestamp();
    }

    /// <summary>Sends a command; the reply is <see cref="ReplyKind.Down"/> when the server does not answer.</summary>
    public async Task<MemcachedReply> SendAsync(byte[] request, CancellationToken cancellationToken)
    {
        var linking = Link();
        if (linking is null)
            return default;
        return await linking is { } link ? await link.SendAsync(request, _options.Timeout, cancellationToken) : default;
    }

    public void Dispose()
    {
        Task<MemcachedLink?>? link;
        lock (_lock)
        {
            _disposed = true;
            link = _link;
        }

        link?.ContinueWith(t => t.Result?.Break(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <summary>The connection, perhaps still being made; null while the pause after a fault lasts.</summary>
    private Task<MemcachedLink?>? Link()
    {
        var link = Volatile.Read(ref _link);
        if (link is { IsCompletedSuccessfully: false } or { Result.IsBroken: false })
            return link;
        lock (_lock)
        {
            if (_link is { IsCompletedSuccessfully: false } or { Result.IsBroken: false })
                return _link;
            if (_disposed)
                return null;
            if (_link is { Result: not null })
            {
                Log.CacheLost(_logger, _host, _port);
                _link = null;
                // It was up for a while: try at once. One that only accepts connections and then says nothing gets its pauses.
                if (_time.GetElapsedTime(_begun) > LongEnough)
                    _pause = TimeSpan.Zero;
                else
                    PauseFrom(_time.GetTimestamp());
            }

            if (_time.GetTimestamp() < Volatile.Read(ref _notBefore))
                return null;
            _pause = _pause == TimeSpan.Zero ? ShortestPause : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, _options.LongestPause.Ticks));
            _begun = _time.GetTimestamp();
            return _link = ConnectAsync();
        }
    }

    private async Task<MemcachedLink?> ConnectAsync()
    {
        try
        {
            var link = await MemcachedLink.ConnectAsync(_host, _port, _options.MaxValueBytes, _options.Timeout);
            Log.CacheConnected(_logger, _host, _port);
            return link;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            PauseFrom(_time.GetTimestamp());
            return null;
        }
    }

    private void PauseFrom(long timestamp) => Volatile.Write(ref _notBefore, timestamp + (long)(_pause.TotalSeconds * _time.TimestampFrequency));
}
