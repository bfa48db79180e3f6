using Backend.Data.Catalog;
using Backend.Jobs.Housekeeping;
using Backend.Jobs.Mail;
using Backend.Jobs.Outbox;
using Backend.Jobs.Overview;
using Backend.Jobs.Running;
using Backend.Jobs.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Quartz;

namespace Backend.Jobs;

/// <summary>Composition of background work.</summary>
public static class JobServices
{
    /// <summary>
    /// Adds <see cref="JobQueue"/>, the server that runs jobs in this process (settings <c>Jobs:*</c>), the jobs that are always there, mail
    /// (settings <c>Mail:*</c>) and a health check named <c>jobs</c>. Needs an <see cref="NpgsqlDataSource"/> of a migrated database and its <see cref="LiveCatalog"/>.
    /// </summary>
    public static IServiceCollection AddJobs(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<JobsOptions>().Bind(configuration.GetSection(JobsOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JobsOptions>>(new OptionsCheck<JobsOptions>(o => o.Mistake()));
        services.TryAddSingleton(TimeProvider.System);

        services.AddSingleton<JobRegistry>();
        services.AddSingleton<OutboxTable>();
        services.AddSingleton<RecurringTable>();
        services.AddSingleton<RelaySignal>();
        services.AddSingleton<Relay>();
        services.AddSingleton<RecurringSchedule>();
        services.AddSingleton(provider => new JobQueue(
            provider.GetRequiredService<OutboxTable>(), provider.GetRequiredService<RecurringTable>(),
            provider.GetRequiredService<JobRegistry>(), provider.GetRequiredService<RelaySignal>()));
        services.AddSingleton(provider => new JobsOverview(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<OutboxTable>(), provider.GetRequiredService<RelaySignal>()));
        services.AddSingleton<SchedulerRecipe>();
        services.AddSingleton<JobServer>();
        services.AddHostedService(provider => provider.GetRequiredService<JobServer>());
        services.AddHealthChecks().AddCheck<JobsHealthCheck>("jobs");

        services.AddHousekeeping();
        services.AddTables();
        services.AddMail(configuration);
        return services.AddQuartz();
    }

    /// <summary>Registers a job class. Each project registers its own, so that a project that goes takes its jobs with it.</summary>
    /// <typeparam name="TJob">The class; transient, made in a scope of its own for each run.</typeparam>
    /// <typeparam name="TArguments">The record that is enqueued for it.</typeparam>
    /// <param name="services">Where to register.</param>
    /// <param name="name">
    /// What the job is called in the database, <c>area.what-it-does</c>; must not change while such jobs are stored. The names of
    /// jobs that die with the transition begin with <c>parse-compat.</c>
    /// </param>
    /// <param name="policy">How often and how long it is tried; null: <see cref="JobPolicy.Default"/>.</param>
    public static IServiceCollection AddJob<TJob, TArguments>(this IServiceCollection services, string name, JobPolicy? policy = null)
        where TJob : class, IJob<TArguments>
        where TArguments : class
    {
        services.TryAddTransient<TJob>();
        return services.AddSingleton(JobRegistration.For<TJob, TArguments>(name, policy ?? JobPolicy.Default));
    }

    /// <summary>Registers a schedule that is there as long as the program contains it.</summary>
    /// <param name="services">Where to register.</param>
    /// <param name="name">Names the schedule in the database.</param>
    /// <param name="cron">Quartz's cron format (seconds, minutes, hours, day of month, month, day of week), in UTC.</param>
    /// <param name="arguments">What each run gets; names the job.</param>
    public static IServiceCollection AddRecurringJob<TArguments>(this IServiceCollection services, string name, string cron, TArguments arguments)
        where TArguments : class
    {
        if (!CronExpression.TryParse(cron, out _))
            throw new FormatException($"Not a cron expression: {cron}");
        return services.AddSingleton(new RecurringRegistration(name, cron, arguments));
    }
}
