using Backend.MongoImport.Loading;
using Backend.MongoImport.Reporting;

namespace Backend.MongoImport.Commands;

/// <summary>Imports a source.</summary>
internal sealed class ImportCommand : Command
{
    public override string Name => "import";

    public override string Summary => "imports a source (the word may be left out)";

    public override string Usage => """
        usage: import-mongo [import] SOURCE [options]

        SOURCE  a mongodump folder (also with .bson.gz), a mongodump --archive file (also gzipped), a folder of exported JSON
                (Parse, Back4App, mongoexport), one .bson or .json file, - for an archive on standard input, or a live MongoDB:
                its connection string (mongodb://… or mongodb+srv://…), or @FILE, a file that holds the connection string

        --connection STRING   the database; default: the setting ConnectionStrings__Database of the API
        --only CLASS          import this class and no other; may be repeated. _User, _Session and _Role belong together: naming one
                              names all three. The relations of a class come with it
        --resume              go on with an import of this source that was broken off: what it had loaded or published is not loaded again
        --replace CLASS       import the class although something other than an import has written to it; may be repeated
        --database NAME       which database of the source, when it holds several
        --report FILE         write the report as JSON
        --rejects FILE        where documents go that cannot be decoded; default: import-rejects.jsonl
        --rules FILE          what is settled per class and field: types, names, what is left out (docs/import.md)
        --streams N           COPY streams at most for one large collection; default: half the cores, at most 8
        --files FOLDER        the file store, for files in GridFS; default: the setting Files__Directory of the API
        --files-key FILE      a file whose first line is the passphrase that the old server encrypted files with (encryptionKey)
        --bucket NAME         the bucket of GridFS; default: fs
        --temporary FOLDER    where standard input, compressed archives and what a live MongoDB holds are put meanwhile

        exit code: 0 everything imported, 2 some documents rejected, 1 failed, also for one class (damaged, or left alone)
        """;

    private const string GoOn = "the same command with --resume goes on from there.";

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var options = ImportOptions.Parse(arguments);
        using var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
        ImportReport report;
        try
        {
            report = await new Importer(options, progress).RunAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            progress.Say($"Stopped. What was published is as it was, or as the source has it, class by class; {GoOn}");
            return Stopped;
        }
        catch (Exception e) when (DatabaseTrouble.Explain(e) is { } trouble)
        {
            progress.Say($"{trouble} What was published is as it was, or as the source has it, class by class; when that is mended, {GoOn}");
            return Failed;
        }
        progress.Dispose();
        ReportText.Write(report, Console.Out);
        if (options.Report is { } path)
        {
            using var file = File.Create(path);
            ReportJson.Write(report, file);
        }
        return report.ExitCode;
    }
}
