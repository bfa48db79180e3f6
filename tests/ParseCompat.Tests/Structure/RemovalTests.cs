using System.Diagnostics;
using System.Text.RegularExpressions;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Structure;

/// <summary>The day the transition ends, tried out on a copy of this checkout: the script, the build, a boot, and the tests of the API that stays.</summary>
public sealed partial class RemovalTests
{
    private static readonly string[] Named = [".cs", ".csproj", ".sln", ".conf"];

    [Test, CancelAfter(900_000)]
    public async Task Without_the_old_dialect_the_rest_builds_boots_and_passes_its_tests(CancellationToken cancellation)
    {
        var copy = Path.Combine(Path.GetTempPath(), $"backend-removal-{Guid.NewGuid():N}");
        try
        {
            await CopyCheckoutAsync(copy, cancellation);
            await RunAsync(copy, cancellation, "bash", "scripts/remove-parse-compat");
            AssertNothingNamesIt(copy);

            await RunAsync(copy, cancellation, "dotnet", "build", "Backend.sln", "--verbosity", "quiet", "-nologo", "--disable-build-servers");

            await using var database = await TestDatabase.CreateEmptyAsync();
            await BootAsync(Path.Combine(copy, "src/Api/bin/Debug/net10.0/Backend.Api.dll"), database, cancellation);

            var said = await RunAsync(
                copy, cancellation, "dotnet", "test", "tests/Api.Tests/bin/Debug/net10.0/Backend.Api.Tests.dll", "--logger", "console;verbosity=minimal");
            var passed = Passed().Match(said);
            Assert.That(passed.Success && int.Parse(passed.Groups[1].Value) > 0, said);
        }
        finally
        {
            if (Directory.Exists(copy))
                Directory.Delete(copy, recursive: true);
        }
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
            .Where(file => Named.Contains(Path.GetExtension(file)) && File.ReadAllText(file).Contains("ParseCompat"));
        Assert.That(naming, Is.Empty);
    }

    private static async Task BootAsync(string program, TestDatabase database, CancellationToken cancellation)
    {
        var port = FreePort.Next();
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Database"] = database.ConnectionString,
            ["Admin__Key"] = new string('k', 32),
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
        };
        await RunAsync(Path.GetDirectoryName(program)!, cancellation, settings, "dotnet", program, "migrate");
        Assert.That(await database.ScalarAsync<bool>("select to_regnamespace('parse_compat') is null"));

        using var api = Start(Path.GetDirectoryName(program)!, settings, "dotnet", program);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            if (!await IsReadyAsync(client, api, cancellation))
                Assert.Fail($"The API did not start:\n{await api.StandardOutput.ReadToEndAsync(cancellation)}\n{await api.StandardError.ReadToEndAsync(cancellation)}");
            Assert.That((int)(await client.GetAsync("/parse/health", cancellation)).StatusCode, Is.EqualTo(404));
        }
        finally
        {
            api.Kill(entireProcessTree: true);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Process api, CancellationToken cancellation)
    {
        while (!api.HasExited)
        {
            try
            {
                if ((await client.GetAsync("/ready", cancellation)).IsSuccessStatusCode)
                    return true;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            await Task.Delay(100, cancellation);
        }
        return false;
    }

    private static Task<string> RunAsync(string folder, CancellationToken cancellation, params string[] command) =>
        RunAsync(folder, cancellation, new Dictionary<string, string>(), command);

    private static async Task<string> RunAsync(string folder, CancellationToken cancellation, Dictionary<string, string> settings, params string[] command)
    {
        using var process = Start(folder, settings, command);
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        Assert.That(process.ExitCode, Is.Zero, $"{string.Join(' ', command)}:\n{await output}\n{await errors}");
        return await output;
    }

    private static Process Start(string folder, Dictionary<string, string> settings, params string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
    }

    // "Passed!  - Failed:     0, Passed:    12, …"
    [GeneratedRegex(@"Failed:\s+0, Passed:\s+(\d+)")]
    private static partial Regex Passed();
}
