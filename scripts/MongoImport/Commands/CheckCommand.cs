using Backend.MongoImport.Checking;
using Backend.MongoImport.Reporting;

namespace Backend.MongoImport.Commands;

/// <summary>Looks at a source before anything is written.</summary>
internal sealed class CheckCommand : Command
{
    public override string Name => "check";

    public override string Summary => "reads a source as an import would, writes nothing, and says what will become of it";

    public override string Usage => """
        usage: import-mongo check SOURCE [options]

        SOURCE  as for import

        --connection STRING   look into this database too, without writing: classes that are there already, server settings. Without it no database is needed
        --rules FILE          what is settled per class and field (docs/import.md); what a rule accepts is no longer something to decide
        --report FILE         write the report as JSON, with every field's types
        --database NAME       which database of the source, when it holds several
        --bucket NAME         the bucket of GridFS; default: fs
        --files FOLDER        files that lie in this folder are not missed
        --temporary FOLDER    where standard input, unpacked archives and sorted keys are put meanwhile

        exit code: 0 nothing to decide, 2 something to look at, 1 failed
        """;

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var options = CheckOptions.Parse(arguments);
        using var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
        var report = await new Checker(options, progress, TimeProvider.System).RunAsync(stop);
        progress.Dispose();
        CheckText.Write(report, Console.Out);
        if (options.Report is { } path)
        {
            using var file = File.Create(path);
            CheckJson.Write(report, file);
        }
        return report.ExitCode;
    }
}
