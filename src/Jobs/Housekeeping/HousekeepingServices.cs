using Microsoft.Extensions.DependencyInjection;

namespace Backend.Jobs.Housekeeping;

/// <summary>The jobs that keep the database tidy.</summary>
internal static class HousekeepingServices
{
    // While a run waits for its next attempt its schedule stands still, so the pauses are short; a long neglected table takes its time.
    private static readonly JobPolicy Policy = new() { MaxAttempts = 12, LongestPause = TimeSpan.FromMinutes(10), Timeout = TimeSpan.FromHours(1) };

    public static void AddHousekeeping(this IServiceCollection services)
    {
        services.AddJob<ExpireSignIns, ExpiredSignIns>("accounts.expire", Policy);
        services.AddRecurringJob("accounts.expire", "0 4/15 * * * ?", new ExpiredSignIns());
        services.AddJob<ExpireRows, ExpiredRows>("rows.expire", Policy);
        services.AddRecurringJob("rows.expire", "30 * * * * ?", new ExpiredRows());
        services.AddJob<PurgeHistory, OldHistory>("jobs.purge", Policy);
        services.AddRecurringJob("jobs.purge", "0 11 * * * ?", new OldHistory());
    }
}
