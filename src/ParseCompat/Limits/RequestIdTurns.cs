using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.ParseCompat.Limits;

/// <summary>Lets the two tables of request ids take turns. Whichever process comes first does it; a late turn only costs room.</summary>
internal sealed class RequestIdTurns(NpgsqlDataSource database, IOptions<IdempotencyOptions> options, TimeProvider time, ILogger<RequestIdTurns> logger) : BackgroundService
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Paths.Length == 0)
            return;
        var pause = TimeSpan.FromTicks(Math.Clamp(options.Value.Ttl.Ticks / 4, ShortestPause.Ticks, LongestPause.Ticks));
        using var timer = new PeriodicTimer(pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await TurnAsync(database, options.Value.Ttl, stoppingToken);
            }
            catch (NpgsqlException e)
            {
                // A write that is under way holds the table, or the database is away: next time.
                Log.TurnPostponed(logger, e.SqlState);
            }
        }
    }

    /// <summary>Changes turns when it is time to; waits for writers a moment only, since those behind it wait too.</summary>
    internal static async Task<bool> TurnAsync(NpgsqlDataSource database, TimeSpan ttl, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var limit = new NpgsqlCommand("set local lock_timeout = '200ms'", connection, transaction))
            await limit.ExecuteNonQueryAsync(cancellation);
        await using var command = new NpgsqlCommand("select parse_compat.turn_requests($1)", connection, transaction) { Parameters = { new() { Value = ttl } } };
        var turned = await command.ExecuteScalarAsync(cancellation) is true;
        await transaction.CommitAsync(cancellation);
        return turned;
    }
}
