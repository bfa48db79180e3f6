using Npgsql;

namespace Backend.Data;

/// <summary>One host of the replica: its pool, and whether it answers reads at present.</summary>
internal sealed class ReplicaHost : IDisposable
{
    // A standby that has replayed all it has received is up to date as long as it receives. Otherwise its last commit tells, by the primary's clock against its own.
    // What is no standby (any more) is behind nobody.
    private const string Lag = """
        select case
            when not pg_is_in_recovery() or exists (select from pg_stat_wal_receiver) and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
            else extract(epoch from greatest(clock_timestamp() - pg_last_xact_replay_timestamp(), interval '0'))::float8 end
        """;

    private readonly string _watch;
    private readonly Lock _lock = new();
    private CancellationTokenSource _gone = new();
    private NpgsqlConnection? _connection;
    private bool? _isThere;

    /// <summary>Makes the pool.</summary>
    public ReplicaHost(NpgsqlConnectionStringBuilder host, TimeSpan statementTimeout)
    {
        Name = $"{host.Host}:{host.Port}";
        Pool = Database.CreatePool(host.ConnectionString, statementTimeout);
        _watch = new NpgsqlConnectionStringBuilder(host.ConnectionString) { Pooling = false, ApplicationName = "backend replica watch" }.ConnectionString;
    }

    /// <summary>Host and port.</summary>
    public string Name { get; }

    /// <summary>Its connections.</summary>
    public NpgsqlDataSource Pool { get; }

    /// <summary>Whether it answers reads.</summary>
    /// <param name="gone">Cancelled when it no longer does.</param>
    public bool IsThere(out CancellationToken gone)
    {
        lock (_lock)
        {
            gone = _gone.Token;
            return _isThere == true;
        }
    }

    /// <summary>Notes whether it is there; whether that is news.</summary>
    public bool Set(bool isThere)
    {
        CancellationTokenSource? gone = null;
        lock (_lock)
        {
            if (_isThere == isThere)
                return false;
            _isThere = isThere;
            if (!isThere)
                (gone, _gone) = (_gone, new CancellationTokenSource());
        }

        gone?.Cancel();
        return true;
    }

    /// <summary>How far it is behind; null: it is a standby that has not got any transaction yet.</summary>
    /// <param name="patience">How long it may take.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    /// <exception cref="NpgsqlException">It cannot be reached.</exception>
    public async Task<TimeSpan?> AskLagAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var connection = _connection ?? new NpgsqlConnection(_watch);
        _connection = null;
        var asking = AskAsync(connection, cancellation);
        try
        {
            var lag = await asking.WaitAsync(patience, cancellation);
            _connection = connection;
            return lag;
        }
        finally
        {
            // Its own time limits end what hangs; until then it is nobody's.
            if (_connection is null)
                _ = CloseAsync(connection, asking);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection?.Dispose();
        Pool.Dispose();
        _gone.Dispose();
    }

    private static async Task<TimeSpan?> AskAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (connection.FullState != System.Data.ConnectionState.Open)
            await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(Lag, connection);
        return await command.ExecuteScalarAsync(cancellation) is double seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static async Task CloseAsync(NpgsqlConnection connection, Task asking)
    {
        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await connection.DisposeAsync();
    }
}
