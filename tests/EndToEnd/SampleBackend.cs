using System.Diagnostics;
using Backend.Testing;

namespace Backend.EndToEnd;

/// <summary>
/// The whole of it: a database with the sample app, imported by the importer as an operator would, two API processes on it, and nginx with
/// the real configuration in front.
/// </summary>
public sealed class SampleBackend : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly NginxServer _nginx;

    private SampleBackend(TestDatabase database, IReadOnlyList<ApiProcess> processes, NginxServer nginx)
    {
        _database = database;
        Processes = processes;
        _nginx = nginx;
    }

    /// <summary>The API processes.</summary>
    public IReadOnlyList<ApiProcess> Processes { get; }

    /// <summary>The address of nginx, without a slash at its end.</summary>
    public string Url => _nginx.Url;

    public static async Task<SampleBackend> StartAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await ImportAsync(database.ConnectionString);
        var processes = await Task.WhenAll(ApiProcess.StartAsync(database.ConnectionString), ApiProcess.StartAsync(database.ConnectionString));
        return new SampleBackend(database, processes, await NginxServer.StartAsync(processes.Select(p => p.Port)));
    }

    public async ValueTask DisposeAsync()
    {
        await _nginx.DisposeAsync();
        foreach (var process in Processes)
            await process.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>Imports the sample app into a migrated database.</summary>
    public static async Task ImportAsync(string connectionString)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var importer = Repository.File("scripts", "MongoImport", "bin", configuration, "net10.0", "Backend.MongoImport.dll");
        var folder = Directory.CreateTempSubdirectory("samples-").FullName;
        var start = new ProcessStartInfo("dotnet", ["exec", importer, Repository.File("samples", "dump"), "--files", folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Database"] = connectionString;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"The import of the samples ended with {process.ExitCode}:\n{await output}\n{await errors}");
    }
}
