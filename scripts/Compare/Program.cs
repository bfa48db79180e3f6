using System.Runtime.InteropServices;
using Backend.Compare;

const string Usage = """
    usage: compare LOG --old URL --new URL [options]
           compare record FILE --listen http://127.0.0.1:PORT

    Sends the recorded requests of LOG (JSON lines; - for standard input; docs/compare.md) to both servers and reports in what their answers differ.
    Only requests that read are sent.

    --mount PATH        what recorded paths begin with that --old and --new say themselves, for example /parse
    --ignore PATH       differences there do not count: results[].updatedAt; * stands for one key, ** for any number; may be repeated
    --rules FILE        the same from a file: {"ignore": ["…"]}
    --headers A,B       headers to compare; default: Content-Type, Location, Access-Control-Allow-Origin
    --concurrency N     requests at a time; default 4
    --limit N           requests at most
    --timeout SECONDS   for one answer; default 30
    --report FILE       the report as JSON
    --writes URL        also send requests that write, one after the other: given twice, with the address of --old and of --new, which must be copies

    exit code: 0 all answers are the same, 2 some differ, 1 failed
    """;

if (args is [] or ["--help" or "-h" or "help"])
{
    Console.WriteLine(Usage);
    return args.Length > 0 ? 0 : 1;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    if (args[0] == "record")
    {
        if (args is not [_, var file, "--listen", var address])
        {
            throw new ArgumentException("record takes a file and --listen with an address.");
        }
        await using var recorder = await Recorder.StartAsync(address, file);
        Console.WriteLine($"Recording into {file}, listening at {recorder.Url}. Ctrl-C ends it.");
        await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }
    var options = CompareOptions.Parse(args);
    using var log = options.Log == "-" ? Console.In : new StreamReader(options.Log);
    var report = await new Replay(options).RunAsync(log, stop.Token);
    report.Write(Console.Out);
    if (options.Report is { } path)
    {
        using var json = File.Create(path);
        report.WriteJson(json);
    }
    return report.ExitCode;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (ArgumentException e) when (e.ParamName is null)
{
    Console.Error.WriteLine($"{e.Message}\n\n{Usage}");
    return 1;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
