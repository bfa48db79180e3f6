using System.Diagnostics;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Verifying;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>The importer as a process that is killed, and goes on.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class KillTests
{
    private const int Kills = 10;
    private const int KillsPerRun = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly string[] Phases = ["scanning", "loading", "loading", "looking for", "publishing"];

    [Test]
    public async Task Killed_at_random_moments_and_resumed_an_import_ends_as_an_undisturbed_one()
    {
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var folder = ResumeTests.Sample(games: 8_000);
        await using var undisturbed = await Target.CreateAsync();
        await undisturbed.ImportAsync(folder.Path);
        var expected = await undisturbed.LinesAsync();

        var kills = 0;
        while (kills < Kills)
        {
            await using var target = await Target.CreateAsync();
            for (var n = 0; n < KillsPerRun && kills < Kills; n++, kills++)
            {
                // The later in a run, the later a phase: what was done before is not done again.
                var phase = Phases[random.Next(Math.Min(n, Phases.Length - 1), Phases.Length)];
                var after = TimeSpan.FromMilliseconds(random.Next(phase == "loading" ? 600 : 150));
                TestContext.Out.WriteLine($"kill {kills}: {after.TotalMilliseconds} ms after {phase}{(n > 0 ? ", resumed" : "")}");
                await KillAsync(target, folder.Path, resume: n > 0, phase, after);
            }
            var (exit, said) = await RunAsync(target, folder.Path, resume: true);
            Assert.That(exit, Is.EqualTo(2), $"seed {seed}: {said}");
            Assert.That(await target.LinesAsync(), Is.EqualTo(expected), $"seed {seed}: {said}");
            Assert.That((await File.ReadAllLinesAsync(target.RejectFile)).Length, Is.EqualTo(1), $"seed {seed}: {said}");
            using var progress = new Progress(TextWriter.Null, terminal: false);
            var verified = await new Verifier(VerifyOptions.Parse([folder.Path, "--connection", target.Database.ConnectionString]), progress, TimeProvider.System).RunAsync(CancellationToken.None);
            var text = new StringWriter();
            verified.WriteText(text);
            Assert.That(verified.ExitCode, Is.Zero, $"seed {seed}: {text}");
        }
    }

    [Test]
    public async Task Interrupted_it_answers_130_and_says_how_to_go_on()
    {
        using var folder = ResumeTests.Sample();
        for (var attempt = 1; ; attempt++)
        {
            await using var target = await Target.CreateAsync();
            var before = await target.CheckSumsAsync();
            var (exit, said) = await InterruptAsync(target, folder.Path);
            // On a busy machine it may be done before it is interrupted.
            if (exit == 2 && attempt < 5)
                continue;
            Assert.That(exit, Is.EqualTo(130), string.Join('\n', said));
            Assert.That(said[^1], Does.Contain("Stopped").And.Contain("--resume"));
            Assert.That(await target.CheckSumsAsync(), Is.EqualTo(before));
            Assert.That((await RunAsync(target, folder.Path, resume: true)).Exit, Is.EqualTo(2));
            return;
        }
    }

    // Ctrl-C while it loads.
    private static async Task<(int Exit, List<string> Said)> InterruptAsync(Target target, string source)
    {
        using var process = Start(target, source, resume: false);
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line.Contains("loading", StringComparison.Ordinal))
            {
                using var signal = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
                await signal.WaitForExitAsync();
            }
        }
        await process.WaitForExitAsync();
        return (process.ExitCode, said);
    }

    private static async Task KillAsync(Target target, string source, bool resume, string phase, TimeSpan after)
    {
        using var process = Start(target, source, resume);
        while (await process.StandardError.ReadLineAsync() is { } line && !line.Contains(phase, StringComparison.Ordinal))
        {
        }
        await Task.Delay(after);
        process.Kill();
        await process.WaitForExitAsync();
    }

    internal static async Task<(int Exit, string Said)> RunAsync(Target target, string source, bool resume)
    {
        using var process = Start(target, source, resume);
        using var patience = new CancellationTokenSource(Limit);
        var said = await process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, said);
    }

    private static Process Start(Target target, string source, bool resume)
    {
        string[] arguments = ["exec", Path.Combine(AppContext.BaseDirectory, "Backend.MongoImport.dll"), "import", source, "--connection", target.Database.ConnectionString,
            "--rejects", target.RejectFile, .. resume ? ["--resume"] : Array.Empty<string>()];
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        // The report: not to be waited for.
        process.BeginOutputReadLine();
        return process;
    }
}
