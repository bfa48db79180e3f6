using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Broadcast;

/// <summary>
/// Hears what other processes say: one connection of its own, past any pooler, that listens on the channels subscribed to.
/// Speaking is <c>pg_notify(channel, payload)</c> in the transaction that changes something.
/// </summary>
public sealed class Listener : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly string _connectionString;
    private readonly ILogger<Listener> _logger;
    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _firstConnection = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _connected;

    /// <summary>Makes a listener for a database; it connects when the host starts.</summary>
    public Listener(string connectionString, ILogger<Listener> logger)
    {
        // TCP keep-alive finds a peer that vanished without a word; a killed backend is noticed at once.
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            KeepAlive = 5,
            ApplicationName = "backend listener",
        }.ConnectionString;
        _logger = logger;
    }

    /// <summary>
    /// Whether every notification up to now has been heard. While this is false, caches that live by notifications must ask the database.
    /// </summary>
    public bool IsConnected => _connected;

    /// <summary>Ends when the first connection listens.</summary>
    public Task Ready => _firstConnection.Task;

    /// <summary>Subscribes to a channel. Before the host starts, for the life of the process, once a channel.</summary>
    /// <param name="channel">A constant name.</param>
    /// <param name="received">Called with each payload, on the listener's own task: short, never throwing.</param>
    /// <param name="lost">Called when the connection is lost.</param>
    /// <param name="reconnected">Called when it listens (again), before <see cref="IsConnected"/> becomes true: reload or empty what may be stale.</param>
    public void Subscribe(string channel, Action<string> received, Action? lost = null, Func<CancellationToken, Task>? reconnected = null)
    {
        if (!_subscriptions.TryAdd(channel, new Subscription(received, lost, reconnected)))
            throw new InvalidOperationException($"Channel {channel} is subscribed to already.");
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(_connectionString);
                connection.Notification += (_, e) =>
                {
                    if (_subscriptions.TryGetValue(e.Channel, out var subscription))
                        subscription.Received(e.Payload);
                };
                await connection.OpenAsync(stoppingToken);
                await ListenAsync(connection, stoppingToken);
                foreach (var subscription in _subscriptions.Values)
                {
                    if (subscription.Reconnected is { } reconnected)
                        await reconnected(stoppingToken);
                }

                _connected = true;
                _firstConnection.TrySetResult();
                pause = TimeSpan.Zero;
                while (true)
                    await connection.WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is NpgsqlException or IOException or System.Net.Sockets.SocketException or TimeoutException)
            {
                Log.ListenerLost(_logger, e);
            }
            finally
            {
                if (_connected)
                {
                    _connected = false;
                    foreach (var subscription in _subscriptions.Values)
                        subscription.Lost?.Invoke();
                }
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(50) : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_subscriptions.IsEmpty)
            return;
        var sql = string.Join("; ", _subscriptions.Keys.Select(channel => "listen " + Sql.Quote(channel)));
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private sealed record Subscription(Action<string> Received, Action? Lost, Func<CancellationToken, Task>? Reconnected);
}
