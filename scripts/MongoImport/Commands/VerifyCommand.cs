using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Verifying;

namespace Backend.MongoImport.Commands;

/// <summary>Compares a source with what was imported of it.</summary>
internal sealed class VerifyCommand : Command
{
    public override string Name => "verify";

    public override string Summary => "compares every document of a source with its row";

    public override string Usage => """
        usage: import-mongo verify SOURCE [options]

        SOURCE  as for import

        --connection STRING   the database; default: the setting ConnectionStrings__Database of the API
        --differences FILE    write every difference that no rule explains, one JSON object a line
        --report FILE         write the report as JSON
        --only CLASS          compare this class only; may be repeated. Such a verify is not the complete one that a cut-over asks for
        --allow-writes        rows that were written after the import may differ: they are counted, not listed
        --rules FILE          the rules of the import; default: those that the import has kept
        --streams N           connections that compare at a time; default: one for each core
        --database NAME       which database of the source, when it holds several
        --files FOLDER        the file store, with which the files in GridFS are compared; default: the setting Files__Directory of the API
        --files-key FILE      a file whose first line is the passphrase that the old server encrypted files with (encryptionKey)
        --bucket NAME         the bucket of GridFS; default: fs
        --temporary FOLDER    where files of several chunks, standard input and compressed archives are put meanwhile

        exit code: 0 nothing differs that no rule explains, 2 something does, 1 failed, also for one class
        """;

    public override async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var options = VerifyOptions.Parse(arguments);
        using var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
        var report = await new Verifier(options, progress, TimeProvider.System).RunAsync(stop);
        progress.Dispose();
        report.WriteText(Console.Out);
        if (options.Differences is { } differences)
        {
            DifferenceFile.Write(differences, report);
        }
        if (options.Report is { } path)
        {
            using var file = PrivateFile.Create(path, FileMode.Create);
            report.WriteJson(file);
        }
        return report.ExitCode;
    }
}
