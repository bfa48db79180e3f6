using System.Diagnostics;
using System.Text.RegularExpressions;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Structure;

/// <summary>
/// The day the transition ends, tried out on a copy of this checkout: it runs by scripts/up, the old dialect is taken out, it runs again on
/// the same data, and what stays builds and passes the tests of v2.
/// </summary>
public sealed partial class RemovalTests
{
    private static readonly string[] Named = [".cs", ".csproj", ".sln", ".conf"];

    private static readonly Dictionary<string, int> Ports = new string[] { "HTTP_PORT", "POSTGRES_PORT", "MEMCACHED_PORT", "API_PORT_1", "API_PORT_2" }
        .ToDictionary(name => name, _ => FreePort.Next());

    [Test, CancelAfter(1_200_000)]
    public async Task With_the_old_dialect_taken_out_the_rest_runs_on_the_same_data_and_passes_its_tests(CancellationToken cancellation)
    {
        var copy = Path.Combine(Path.GetTempPath(), $"backend-removal-{Guid.NewGuid():N}");
        try
        {
            await CopyCheckoutAsync(copy, cancellation);
            // What stands there now was looked at by the analyzers when it was built for this run.
            var before = await UpAsync(copy, cancellation, ("RunAnalyzers", "false"));
            Assert.That(before, Has.Count.EqualTo(3));
            Assert.That(before[0], Does.Contain("\"results\":[{"));
            Assert.That(before[1], Does.StartWith("[{\"id\":"));
            Assert.That(before[2], Does.Contain("\"openapi\""));

            await RunAsync(copy, cancellation, "bash", "scripts/remove-parse-compat");
            AssertNothingNamesIt(copy);
            var after = await UpAsync(copy, cancellation);
            Assert.That(after, Has.Count.EqualTo(2));
            Assert.That(after[0], Is.EqualTo(before[1]));
            var url = (await File.ReadAllLinesAsync(Path.Combine(copy, ".local/settings"), cancellation)).First(line => line.StartsWith("http_port=", StringComparison.Ordinal));
            using var client = new HttpClient();
            Assert.That((int)(await client.GetAsync($"http://127.0.0.1:{url["http_port=".Length..]}/parse/health", cancellation)).StatusCode, Is.EqualTo(404));
            await RunAsync(copy, cancellation, "bash", "scripts/down", "--delete");

            // As scripts/up has built the API itself: that need not be compiled once more.
            await RunAsync(copy, cancellation, "dotnet", "build", "Backend.sln", "--configuration", "Release", "--verbosity", "quiet", "-nologo", "--disable-build-servers");
            var said = await RunAsync(
                copy, cancellation, "dotnet", "test", "tests/Api.Tests/bin/Release/net10.0/Backend.Api.Tests.dll", "--logger", "console;verbosity=minimal");
            var passed = Passed().Match(said);
            Assert.That(passed.Success && int.Parse(passed.Groups[1].Value) > 0, said);
        }
        finally
        {
            if (Directory.Exists(Path.Combine(copy, ".local")))
                await RunAsync(copy, CancellationToken.None, "bash", "scripts/down", "--delete");
            if (Directory.Exists(copy))
                Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Runs scripts/up and what it tells the newcomer to try; returns the answers.</summary>
    private static async Task<List<string>> UpAsync(string copy, CancellationToken cancellation, params (string Name, string Value)[] environment)
    {
        var said = await RunAsync(copy, cancellation, ["env", .. environment.Select(v => $"{v.Name}={v.Value}"), "bash", "scripts/up"]);
        var answers = new List<string>();
        foreach (var line in said.Split('\n').Where(line => line.StartsWith("  curl ", StringComparison.Ordinal)))
            answers.Add(await RunAsync(copy, cancellation, "bash", "-c", line.Replace("  curl ", "curl --silent --show-error --fail ", StringComparison.Ordinal)
                + " || { tail -n 20 .local/run/api-*.log .local/nginx-run/*.log >&2; exit 1; }"));
        return answers;
    }

    /// <summary>HEAD with its history, and the working tree over it, so that what is about to be committed is what is tested.</summary>
    private static async Task CopyCheckoutAsync(string copy, CancellationToken cancellation)
    {
        await RunAsync(Repository.Root, cancellation, "git", "clone", "--quiet", "--no-hardlinks", Repository.Root, copy);
        var files = await RunAsync(Repository.Root, cancellation, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard");
        foreach (var file in files.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var from = Path.Combine(Repository.Root, file);
            var to = Path.Combine(copy, file);
            if (!File.Exists(from))
            {
                File.Delete(to);
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to, overwrite: true);
        }
    }

    private static void AssertNothingNamesIt(string copy)
    {
        string[] gone = ["src/ParseCompat", "tests/ParseCompat.Tests", "tests/Conformance", "tests/EndToEnd/ParseCompat", "scripts/conformance", "nginx/parse.conf"];
        Assert.That(gone.Where(path => Path.Exists(Path.Combine(copy, path))), Is.Empty);
        Assert.That(Path.Exists(Path.Combine(copy, "scripts/MongoImport")));
        Assert.That(File.ReadAllText(Path.Combine(copy, "scripts/up")), Does.Not.Contain("/parse/"));
        Assert.That(File.ReadAllText(Path.Combine(copy, "docs/deleted.md")), Does.Contain("src/ParseCompat"));
        Assert.That(Directory.GetFiles(Path.Combine(copy, "src/Data/Migrations"), "*-drop-parse-compat.sql"), Has.Length.EqualTo(1));
        var naming = Directory.EnumerateFiles(copy, "*", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(Path.Combine(copy, ".local"), StringComparison.Ordinal))
            .Where(file => Named.Contains(Path.GetExtension(file)) && File.ReadAllText(file).Contains("ParseCompat"));
        Assert.That(naming, Is.Empty);
    }

    private static async Task<string> RunAsync(string folder, CancellationToken cancellation, params string[] command)
    {
        // A file, not a pipe: servers that a command starts would keep a pipe open.
        var start = new ProcessStartInfo("bash", ["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>\"$log.errors\" </dev/null", "-", Path.GetTempFileName(), .. command])
        {
            WorkingDirectory = folder,
        };
        // Those of a newcomer may be taken by a newcomer.
        foreach (var (name, port) in Ports)
            start.Environment[name] = port.ToString();
        var log = start.ArgumentList[3];
        try
        {
            using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
            try
            {
                await process.WaitForExitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
            var output = await File.ReadAllTextAsync(log, CancellationToken.None);
            Assert.That(process.ExitCode, Is.Zero, $"{string.Join(' ', command)}:\n{output}\n{await File.ReadAllTextAsync(log + ".errors", CancellationToken.None)}");
            return output;
        }
        finally
        {
            File.Delete(log);
            File.Delete(log + ".errors");
        }
    }

    // "Passed!  - Failed:     0, Passed:    12, …"
    [GeneratedRegex(@"Failed:\s+0, Passed:\s+(\d+)")]
    private static partial Regex Passed();
}
