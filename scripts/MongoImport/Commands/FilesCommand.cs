using Backend.MongoImport.Files;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Commands;

/// <summary>Imports the files of GridFS alone: before an import, and again after it for what has come meanwhile.</summary>
internal sealed class FilesCommand : Command
{
    public override string Name => "files";

    public override string Summary => "imports the files in a source's GridFS into the file store, without a database; what is there already is passed over";

    public override string Usage => """
        usage: import-mongo files SOURCE [options]

        SOURCE  as for import

        --files FOLDER        the file store; default: the setting Files__Directory of the API
        --files-key FILE      a file whose first line is the passphrase that the old server encrypted files with (encryptionKey)
        --bucket NAME         the bucket of GridFS; default: fs
        --database NAME       which database of the source, when it holds several
        --rejects FILE        where entries of files go that cannot be put together; default: import-rejects.jsonl
        --temporary FOLDER    where files are put together, and standard input, compressed archives and what a live MongoDB holds meanwhile

        exit code: 0 everything is in the store, 2 something is not, 1 failed
        """;

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var given = Arguments.Parse(arguments, ["--database", "--rejects", "--temporary", .. FileImportOptions.Names], []);
        var options = FileImportOptions.Parse(given);
        if (options.Folder is null)
        {
            throw new ArgumentException("No file store: give --files, or set Files__Directory as for the API.");
        }
        var temporary = given.Value("--temporary") ?? Path.GetTempPath();
        using var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
        using var source = DumpSource.Open(given.Only("source"), given.Value("--database"), temporary);
        source.Wanted = c => c.Name.EndsWith(options.Bucket + ".files", StringComparison.Ordinal) || c.Name.EndsWith(options.Bucket + ".chunks", StringComparison.Ordinal);
        source.Say = progress.Say;
        progress.Begin($"scanning {source.Description}");
        await Task.Run(() => source.Scan((_, block) => block.Dispose(), stop), stop);
        using var rejects = new RejectFile(given.Value("--rejects") ?? "import-rejects.jsonl");
        var report = await FileImport.RunAsync(options, source, temporary, rejects, progress, stop)
            ?? throw new SourceException($"The source has no bucket {options.Bucket} with files.");
        progress.Dispose();
        ReportText.Write(report, Console.Out);
        return report.IsIncomplete || rejects.Count > 0 ? LookAtIt : Done;
    }
}
