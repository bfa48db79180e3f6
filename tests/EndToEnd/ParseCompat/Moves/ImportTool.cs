using System.Diagnostics;
using System.Text;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.Moves;

/// <summary><c>import-mongo</c> as an operator runs it: a process of its own, told by its arguments, judged by its exit code.</summary>
internal sealed class ImportTool : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ImportTool(string connection, string folder, string[] arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var program = Repository.File("scripts", "MongoImport", "bin", configuration, "net10.0", "Backend.MongoImport.dll");
        var start = new ProcessStartInfo("dotnet", ["exec", program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.Environment["ConnectionStrings__Database"] = connection;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it and goes on.</summary>
    public static ImportTool Start(string connection, string folder, params string[] arguments) => new(connection, folder, arguments);

    /// <summary>Runs it to its end, which must be a good one.</summary>
    public static async Task<string> RunAsync(string connection, string folder, params string[] arguments)
    {
        await using var tool = new ImportTool(connection, folder, arguments);
        var code = await tool.EndAsync();
        Assert.That(code, Is.Zero, $"import-mongo {arguments[0]}:\n{tool.Output}");
        return tool.Output;
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        using var patience = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"It did not end in {Limit.TotalSeconds} s:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>Ctrl-C, and waits for its end.</summary>
    public async Task<int> InterruptAsync()
    {
        using var signal = Process.Start("kill", ["-INT", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await signal.WaitForExitAsync();
        return await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
