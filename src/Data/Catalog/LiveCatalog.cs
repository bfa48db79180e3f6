using System.Threading.Channels;
using Backend.Data.Access;
using Backend.Data.Broadcast;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>
/// The catalog as this process has it, kept up with every other process (design section 3). A stale snapshot would not fail on a read, it
/// would silently miss the new column: so a change is answered only when every live process has acknowledged the new version, or
/// its lease has ended; and a process that may have missed a notification asks for the version on every request.
/// </summary>
public sealed partial class LiveCatalog : BackgroundService
{
    /// <summary>The notification channel.</summary>
    internal const string ChannelName = "backend_catalog";

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    private readonly Guid _process = Guid.NewGuid();
    private readonly NpgsqlDataSource _database;
    private readonly Listener _listener;
    private readonly ILogger<LiveCatalog> _logger;
    private readonly AccessOptions? _access;
    private readonly TimeSpan _patience;
    private readonly ICatalogFollower[] _followers;
    private readonly SemaphoreSlim _changing = new(1);
    private readonly SemaphoreSlim _refreshing = new(1);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile CatalogSnapshot _current = new(0, []);
    private long _leaseEnd;

    /// <summary>Makes the catalog of a database; it is read when the host starts.</summary>
    public LiveCatalog(NpgsqlDataSource database, Listener listener, ILogger<LiveCatalog> logger, IOptions<AccessOptions>? access = null,
        IEnumerable<ICatalogFollower>? followers = null, IOptions<DatabaseOptions>? limits = null)
    {
        _database = database;
        _listener = listener;
        _logger = logger;
        _access = access?.Value;
        _patience = limits?.Value.StatementTimeout is { Ticks: > 0 } limit ? limit : new DatabaseOptions().StatementTimeout;
        _followers = [.. followers ?? []];
        listener.Subscribe(ChannelName, _ => _news.Writer.TryWrite(true), reconnected: RefreshAsync);
    }

    /// <summary>Whether this is the catalog of a follower, who changes it also while writes are closed (<see cref="WriteSwitch"/>).</summary>
    public bool Follows { get; init; }

    /// <summary>The snapshot that this process has. Requests use <see cref="GetAsync"/>.</summary>
    public CatalogSnapshot Current => _current;

    /// <summary>Whether the lease of this process holds, so that no change can be answered without its knowledge.</summary>
    private bool HoldsLease => Environment.TickCount64 < Volatile.Read(ref _leaseEnd);

    /// <summary>For a request that was overtaken by a change, when that is found out: whether it is worth another try.</summary>
    public Overtaking Overtaken() => new(this, _patience);

    /// <summary>The newest snapshot: without asking the database as long as nothing can have been missed.</summary>
    public ValueTask<CatalogSnapshot> GetAsync(CancellationToken cancellation = default) =>
        _listener.IsConnected && HoldsLease ? new(_current) : new(CheckAsync(cancellation));

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        await RenewAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await using var command = _database.CreateCommand("delete from catalog.processes where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _process });
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or ObjectDisposedException)
        {
            // The lease ends by itself; a database that is gone, or a pool that the host has given up already, must not hinder the stop.
            Log.LeaseNotRenewed(_logger, e);
        }
    }

    /// <summary>Reads the catalog again if the database has a newer one.</summary>
    internal async Task RefreshAsync(CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            await using var connection = await _database.OpenConnectionAsync(cancellation);
            var snapshot = await CatalogReader.ReadAsync(connection, _access, cancellation);
            if (snapshot.Version > _current.Version)
            {
                // Before the version is taken, and so before it is acknowledged.
                foreach (var follower in _followers)
                    await follower.ReadAsync(connection, cancellation);
                var before = _current;
                _current = snapshot;
                // Connections have prepared statements that read what is gone. When it comes back as something else, PostgreSQL refuses them (the driver does not
                // prepare them again), and each connection of the pool would fail a request once.
                if (before.HasColumnsBeyond(snapshot))
                    _database.Clear();
                Log.CatalogLoaded(_logger, snapshot.Version, snapshot.Tables.Length);
            }
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(FollowAsync(stoppingToken), KeepLeaseAsync(stoppingToken));

    private async Task FollowAsync(CancellationToken stopping)
    {
        while (await _news.Reader.WaitToReadAsync(stopping).AsTask().ContinueWith(t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default))
        {
            _news.Reader.TryRead(out _);
            try
            {
                await RefreshAsync(stopping);
                await RenewAsync(stopping);
            }
            catch (NpgsqlException e)
            {
                // The lease runs out and every request checks the version until the database answers again.
                Log.LeaseNotRenewed(_logger, e);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task KeepLeaseAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Renewal);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stopping);
                await RenewAsync(stopping);
            }
            catch (NpgsqlException e)
            {
                Log.LeaseNotRenewed(_logger, e);
                // After a fail-over another server may take writes at this address, while the pool's connections lead to the one that does not any more.
                if (DatabaseErrors.IsReadOnly(e))
                    _database.Clear();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Acknowledges the version that this process has and renews its lease.</summary>
    private async Task RenewAsync(CancellationToken cancellation)
    {
        const string sql = """
            with gone as (delete from catalog.processes where lease_until < now() - interval '1 minute')
            insert into catalog.processes (id, acknowledged, lease_until) values ($1, $2, clock_timestamp() + $3)
            on conflict (id) do update set acknowledged = greatest(processes.acknowledged, excluded.acknowledged), lease_until = excluded.lease_until
            returning (select version from catalog.state)
            """;
        while (true)
        {
            // From before the question is sent: the database's clock starts later, so the lease ends here no later than there.
            var end = Environment.TickCount64 + (long)Lease.TotalMilliseconds;
            var mine = _current.Version;
            await using var command = _database.CreateCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _process });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = mine });
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Lease });
            var version = (long)(await command.ExecuteScalarAsync(cancellation))!;
            if (version <= mine)
            {
                Volatile.Write(ref _leaseEnd, end);
                return;
            }

            await RefreshAsync(cancellation);
        }
    }

    /// <summary>The newest snapshot, asked of the database: for who has learnt that the one he had was overtaken.</summary>
    public async Task<CatalogSnapshot> CheckAsync(CancellationToken cancellation = default)
    {
        await using var command = _database.CreateCommand("select version from catalog.state");
        if ((long)(await command.ExecuteScalarAsync(cancellation))! > _current.Version)
            await RefreshAsync(cancellation);
        return _current;
    }

    /// <summary>Waits until every live process has a version.</summary>
    private async Task AwaitEverybodyAsync(long version, CancellationToken cancellation)
    {
        const string sql = "select exists (select from catalog.processes where lease_until > clock_timestamp() and acknowledged < $1 and id <> $2)";
        for (var pause = 1; ; pause = Math.Min(pause * 2, 16))
        {
            await using (var command = _database.CreateCommand(sql))
            {
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
                command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _process });
                if (!(bool)(await command.ExecuteScalarAsync(cancellation))!)
                    return;
            }

            await Task.Delay(pause, cancellation);
        }
    }
}
