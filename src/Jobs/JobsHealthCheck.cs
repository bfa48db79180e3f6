using Backend.Jobs.Running;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Backend.Jobs;

/// <summary>
/// Whether background work goes on: degraded, never unhealthy (requests are answered all the same), when this process's scheduler does not
/// run or a job has been waiting for a minute.
/// </summary>
internal sealed class JobsHealthCheck(JobServer server, NpgsqlDataSource database) : IHealthCheck
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var (waiting, dead) = await connection.QuerySingleAsync<(TimeSpan?, long)>(new CommandDefinition("""
                select now() - least(
                         (select min(relay_at) from jobs.outbox where relay_at <= now()),
                         (select min(run_at) from jobs.outbox where state in ('handed', 'running') and state = 'handed')),
                       (select count(*) from jobs.outbox where state = 'dead')
                """, cancellationToken: cancellationToken));
            var data = new Dictionary<string, object> { ["oldestWaitingSeconds"] = Math.Round((waiting ?? TimeSpan.Zero).TotalSeconds, 1), ["deadLetters"] = dead };
            if (!server.IsRunning)
                return HealthCheckResult.Degraded("The scheduler of background jobs does not run in this process.", data: data);
            return waiting > LongestWait
                ? HealthCheckResult.Degraded("Background jobs wait for more than a minute.", data: data)
                : HealthCheckResult.Healthy(data: data);
        }
        catch (NpgsqlException e)
        {
            return HealthCheckResult.Degraded("The queue of background jobs cannot be read.", e);
        }
    }
}
