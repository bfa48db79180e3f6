using Backend.MongoImport;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Npgsql;

if (Options.AsksForHelp(args))
{
    Console.WriteLine(Options.Usage);
    return args.Length > 0 ? 0 : 1;
}

Options options;
try
{
    options = Options.Parse(args);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"{e.Message}\n\n{Options.Usage}");
    return 1;
}
if (string.IsNullOrWhiteSpace(options.Connection))
{
    Console.Error.WriteLine("No database: give --connection, or set ConnectionStrings__Database as for the API.");
    return 1;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
using var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
try
{
    var report = await new Importer(options, progress).RunAsync(stop.Token);
    progress.Dispose();
    ReportText.Write(report, Console.Out);
    if (options.Report is { } path)
    {
        using var file = File.Create(path);
        ReportJson.Write(report, file);
    }
    return report.ExitCode;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    progress.Dispose();
    Console.Error.WriteLine("Stopped; nothing that was not reported as imported has changed.");
    return 1;
}
catch (Exception e) when (e is SourceException or NpgsqlException or InvalidOperationException or IOException or UnauthorizedAccessException)
{
    progress.Dispose();
    Console.Error.WriteLine(e.Message);
    return 1;
}
