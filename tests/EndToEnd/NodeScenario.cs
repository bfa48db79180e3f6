using System.Diagnostics;
using Backend.Testing;

namespace Backend.EndToEnd;

/// <summary>A script that uses a real client library, run by Node. Its assertions are in the script; its exit status is the result.</summary>
public static class NodeScenario
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs <c>scenarios/NAME.mjs</c> of a folder whose packages are installed (scripts/test does it: npm ci).</summary>
    /// <param name="folder">The folder of package.json.</param>
    /// <param name="name">The scenario.</param>
    /// <param name="environment">Where the server is, and with which keys.</param>
    public static async Task RunAsync(string folder, string name, IReadOnlyDictionary<string, string> environment)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            Prerequisite.Missing($"The Node packages are missing: npm ci --prefix {Path.GetRelativePath(Repository.Root, folder)}");
        var start = new ProcessStartInfo("node", ["--no-warnings", Path.Combine("scenarios", name + ".mjs")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{name} took longer than {Limit.TotalSeconds} s.\n{await output}\n{await errors}");
        }

        Assert.That(process.ExitCode, Is.Zero, $"{name}:\n{await output}\n{await errors}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Prerequisite.Missing("Node.js is missing: apt-get install nodejs npm");
            throw;
        }
    }
}
