using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Jobs;

/// <summary>A job class as it was registered.</summary>
/// <param name="Name">What the job is called in the database; it outlives renamed classes.</param>
/// <param name="ArgumentsType">The record that names it in the program.</param>
/// <param name="Policy">How often and how long it is tried.</param>
/// <param name="RunAsync">Makes the class and runs it with arguments that are still JSON.</param>
internal sealed record JobRegistration(
    string Name, Type ArgumentsType, JobPolicy Policy, Func<IServiceProvider, string, JobRun, CancellationToken, Task> RunAsync)
{
    public static JobRegistration For<TJob, TArguments>(string name, JobPolicy policy)
        where TJob : class, IJob<TArguments>
        where TArguments : class =>
        new(name, typeof(TArguments), policy, (services, json, run, cancellation) =>
        {
            var arguments = JsonSerializer.Deserialize<TArguments>(json, JsonSerializerOptions.Web)
                ?? throw new JsonException($"The arguments of job {run.Id} ({name}) are null.");
            return services.GetRequiredService<TJob>().RunAsync(arguments, run, cancellation);
        });
}

/// <summary>A recurring job as it was registered.</summary>
internal sealed record RecurringRegistration(string Name, string Cron, object Arguments);

/// <summary>Which jobs the program knows.</summary>
internal sealed class JobRegistry
{
    private readonly Dictionary<string, JobRegistration> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, JobRegistration> _byArguments = [];

    public JobRegistry(IEnumerable<JobRegistration> jobs, IEnumerable<RecurringRegistration> recurring)
    {
        foreach (var job in jobs)
        {
            if (!_byName.TryAdd(job.Name, job))
                throw new InvalidOperationException($"Two jobs are registered as {job.Name}.");
            if (!_byArguments.TryAdd(job.ArgumentsType, job))
                throw new InvalidOperationException($"{job.ArgumentsType} names two jobs: {_byArguments[job.ArgumentsType].Name} and {job.Name}.");
        }

        Recurring = [.. recurring];
        foreach (var schedule in Recurring)
            For(schedule.Arguments.GetType());
    }

    public IReadOnlyList<RecurringRegistration> Recurring { get; }

    public JobRegistration? Find(string name) => _byName.GetValueOrDefault(name);

    public JobRegistration For(Type arguments) => _byArguments.GetValueOrDefault(arguments)
        ?? throw new InvalidOperationException($"No job is registered for {arguments}: call AddJob first.");
}
