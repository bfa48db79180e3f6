using System.Runtime.InteropServices;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Sources;
using Npgsql;

Command[] commands =
[
    new ImportCommand(),
    new CheckCommand(),
    new VerifyCommand(),
    new FollowCommand(),
    new CutoverCommand(),
    new FilesCommand(),
    new ReturnCommand(),
];

if (args is [] or ["--help" or "-h" or "help"])
{
    Console.WriteLine("usage: import-mongo [COMMAND] …\n");
    foreach (var known in commands)
    {
        Console.WriteLine($"  {known.Name,-8}  {known.Summary}");
    }
    Console.WriteLine("\nimport-mongo COMMAND --help says more.");
    return args.Length > 0 ? Command.Done : Command.Failed;
}

var named = Array.Find(commands, c => c.Name == args[0]);
if (named is null && args.Length > 1 && args[0].All(char.IsAsciiLetter) && !Path.Exists(args[0]))
{
    Console.Error.WriteLine($"{args[0]} is no command, and there is no such file or folder. The commands: {string.Join(", ", commands.Select(c => c.Name))}.");
    return Command.Failed;
}
var command = named ?? commands[0];
var arguments = args[(named is null ? 0 : 1)..];
if (arguments.Contains("--help") || arguments.Contains("-h"))
{
    Console.WriteLine(command.Usage);
    return Command.Done;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    // A second signal ends the program as signals do.
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    return await command.RunAsync(arguments, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("Stopped; nothing that was not reported as done has changed.");
    return Command.Stopped;
}
catch (ArgumentException e) when (e.ParamName is null)
{
    // Not all options: what is wrong would be far above them.
    Console.Error.WriteLine($"{e.Message}\nimport-mongo {command.Name} --help says what can be given.");
    return Command.Failed;
}
catch (Exception e) when (e is SourceException or NpgsqlException or InvalidOperationException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(DatabaseTrouble.Explain(e) ?? e.Message);
    return Command.Failed;
}
