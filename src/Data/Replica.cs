using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data;

/// <summary>
/// A read replica, when the setting <c>ConnectionStrings:Replica</c> names one (several hosts, separated by commas, share the reads). Only reads that say
/// so go there (<see cref="Query.RowQuery.MayLag"/>): it may be behind. What it cannot answer, because it is away, hangs, is too far behind or does not have a new
/// column yet, the primary answers (design section 15).
/// </summary>
/// <remarks>
/// Each host is asked once a second how it is, and answers no reads from when it is silent for a second until it speaks again. A read that waits for
/// a host at that moment goes to the primary: nobody else can tell a host that hangs from a statement that takes long.
/// </remarks>
public sealed class Replica : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ReplicaHost[] _hosts;
    private readonly TimeSpan _mostLag;
    private readonly ILogger<Replica> _logger;
    private uint _turn;

    /// <summary>Makes the pools.</summary>
    /// <param name="connectionString">Of the replica; null: there is none.</param>
    /// <param name="options">The limits of statements and of lag.</param>
    /// <param name="logger">Where hosts that come and go are written.</param>
    public Replica(string? connectionString, IOptions<DatabaseOptions> options, ILogger<Replica> logger)
    {
        _hosts = string.IsNullOrWhiteSpace(connectionString) ? [] : [.. Split(connectionString).Select(host => new ReplicaHost(host, options.Value.StatementTimeout))];
        _mostLag = options.Value.ReplicaMaxLag;
        _logger = logger;
    }

    /// <summary>How long a host may take to say how it is.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether there is one, present or not.</summary>
    internal bool IsConfigured => _hosts.Length > 0;

    /// <summary>Begins a read on a host that is there; null: the primary has to answer it.</summary>
    /// <typeparam name="T">What is read from.</typeparam>
    /// <param name="read">Begins the read on a connection, which is its own from then on. Nothing of what it gives may have reached the client yet.</param>
    /// <param name="cancellation">Cancels.</param>
    internal async Task<T?> TryReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellation)
        where T : class, IAsyncDisposable
    {
        if (!TryFind(out var host, out var gone))
            return null;
        var reading = BeginAsync(host, read, cancellation);
        try
        {
            return await reading.WaitAsync(gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // What was begun ends by itself, at the latest when the driver has waited long enough: nobody waits along with it.
            _ = ForgetAsync(reading);
            return null;
        }
        catch (Exception e) when (IsToBlame(e))
        {
            return null;
        }
    }

    /// <summary>Whether a failure is the replica's, so that the primary should be asked.</summary>
    internal static bool IsToBlame(Exception failure) => failure switch
    {
        Refusal { Kind: RefusalKind.Conflict or RefusalKind.Busy } => true,
        PostgresException e => e.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.SerializationFailure,
        NpgsqlException { InnerException: not TimeoutException } => true,
        _ => false,
    };

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IsConfigured)
            return;
        await LookAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var host in _hosts)
            host.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_hosts.Select(host => WatchAsync(host, stoppingToken)));

    /// <summary>Asks every host how it is.</summary>
    internal Task LookAsync(CancellationToken cancellation = default) => Task.WhenAll(_hosts.Select(host => LookAsync(host, cancellation)));

    /// <summary>A connection string for each host of one.</summary>
    internal static IEnumerable<NpgsqlConnectionStringBuilder> Split(string connectionString)
    {
        var all = new NpgsqlConnectionStringBuilder(connectionString) { LoadBalanceHosts = false };
        all.Remove("Target Session Attributes");
        foreach (var host in (all.Host ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var one = new NpgsqlConnectionStringBuilder(all.ConnectionString) { Host = host };
            var colon = host.LastIndexOf(':');
            if (colon > 0 && host[0] != '/' && int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                (one.Host, one.Port) = (host[..colon], port);
            yield return one;
        }
    }

    private bool TryFind([NotNullWhen(true)] out ReplicaHost? found, out CancellationToken gone)
    {
        var turn = _hosts.Length <= 1 ? 0 : Interlocked.Increment(ref _turn);
        for (uint i = 0; i < _hosts.Length; i++)
        {
            found = _hosts[(turn + i) % _hosts.Length];
            if (found.IsThere(out gone))
                return true;
        }

        (found, gone) = (null, default);
        return false;
    }

    private static async Task<T> BeginAsync<T>(ReplicaHost host, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellation)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await host.Pool.OpenConnectionAsync(cancellation);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw new Refusal(RefusalKind.Busy, "No connection to the replica became free in time.");
        }

        return await read(connection);
    }

    private static async Task ForgetAsync<T>(Task<T> reading)
        where T : IAsyncDisposable
    {
        try
        {
            await using var read = await reading;
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or Refusal or ObjectDisposedException)
        {
            // The primary has answered.
        }
    }

    private async Task WatchAsync(ReplicaHost host, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Pause);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                await LookAsync(host, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task LookAsync(ReplicaHost host, CancellationToken cancellation)
    {
        Exception? failure = null;
        TimeSpan? lag = null;
        try
        {
            lag = await host.AskLagAsync(Patience, cancellation);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            failure = e;
        }

        var isThere = lag is { } behind && (_mostLag == TimeSpan.Zero || behind <= _mostLag);
        if (!host.Set(isThere))
            return;
        if (isThere)
            Log.ReplicaThere(_logger, host.Name);
        else if (lag is { } late)
            Log.ReplicaLate(_logger, host.Name, late.TotalSeconds);
        else
            Log.ReplicaGone(_logger, failure, host.Name);
    }
}
