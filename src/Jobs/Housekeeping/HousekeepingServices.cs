using Microsoft.Extensions.DependencyInjection;

namespace Backend.Jobs.Housekeeping;

/// <summary>The jobs that keep the database tidy.</summary>
internal static class HousekeepingServices
{
    public static void AddHousekeeping(this IServiceCollection services)
    {
        services.AddJob<ExpireSignIns, ExpiredSignIns>("accounts.expire");
        services.AddRecurringJob("accounts.expire", "0 4/15 * * * ?", new ExpiredSignIns());
        services.AddJob<ExpireRows, ExpiredRows>("rows.expire");
        services.AddRecurringJob("rows.expire", "30 * * * * ?", new ExpiredRows());
        services.AddJob<PurgeHistory, OldHistory>("jobs.purge");
        services.AddRecurringJob("jobs.purge", "0 11 * * * ?", new OldHistory());
    }
}
