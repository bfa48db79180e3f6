using Npgsql;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>How Quartz is set up: its clustered PostgreSQL store in schema <c>jobs</c>.</summary>
internal sealed class SchedulerRecipe(ISchedulerRuntime runtime, NpgsqlDataSource database)
{
    public const string Name = "jobs";

    /// <summary>
    /// Makes and starts the scheduler. Added at run time and not registered with the container: a registered one can be made only once, so a
    /// database that is not there at start would leave the process without a scheduler for good.
    /// </summary>
    public ValueTask<IScheduler> StartAsync(JobsOptions options, CancellationToken cancellation) =>
        runtime.Add(Name, quartz => Apply(quartz, options), cancellationToken: cancellation);

    private void Apply(IQuartzBuilder quartz, JobsOptions options)
    {
        // No InstanceId: clustering derives one for each process ("AUTO" would be taken literally). The idle time is how soon a process finds
        // work that another one handed over and has no worker free for; the default is 30 s.
        quartz.ConfigureScheduler(scheduler => scheduler.IdleWaitTime = TimeSpan.FromSeconds(2));
        quartz.UseDefaultThreadPool(options.Workers);
        quartz.UsePersistentStore(store =>
        {
            store.UsePostgres(source => source.DataSourceFactory = _ => database);
            store.UseSystemTextJsonSerializer();
            store.UseClustering(cluster =>
            {
                cluster.CheckinInterval = options.DeadAfter / 2;
                cluster.CheckinMisfireThreshold = options.DeadAfter / 2;
            });
            store.ProvisionSchema();
            store.ConfigureStore(o =>
            {
                o.TablePrefix = "jobs.qrtz_";
                o.StoreJobDataAsStrings = true;
            });
        });
    }
}
