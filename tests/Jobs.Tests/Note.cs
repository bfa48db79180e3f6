using Npgsql;

namespace Backend.Jobs.Tests;

/// <summary>What <see cref="Note"/> is to do.</summary>
/// <param name="Text">Noted at the end.</param>
/// <param name="Seconds">How long it takes.</param>
/// <param name="Failures">In how many attempts it fails first.</param>
public sealed record NoteArguments(string Text, double Seconds = 0, int Failures = 0);

/// <summary>A job that leaves traces in table public.notes.</summary>
internal sealed class Note(NpgsqlDataSource database) : IJob<NoteArguments>
{
    public async Task RunAsync(NoteArguments arguments, JobRun run, CancellationToken cancellation)
    {
        await WriteAsync(run, "begin");
        await Task.Delay(TimeSpan.FromSeconds(arguments.Seconds), cancellation);
        if (run.Attempt <= arguments.Failures)
            throw new InvalidOperationException($"Not yet: {arguments.Text}");
        await WriteAsync(run, arguments.Text);
    }

    private async Task WriteAsync(JobRun run, string @event)
    {
        await using var command = database.CreateCommand("insert into public.notes (job, attempt, event, process) values ($1, $2, $3, $4)");
        command.Parameters.Add(new() { Value = run.Id });
        command.Parameters.Add(new() { Value = run.Attempt });
        command.Parameters.Add(new() { Value = @event.Replace("\0", "0000", StringComparison.Ordinal) });
        command.Parameters.Add(new() { Value = Environment.ProcessId });
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
