using System.Text;
using Backend.MongoImport.Files;

namespace Backend.MongoImport.Checking;

/// <content>Files that are named and not held, and the other way round.</content>
internal sealed partial class Findings
{
    private void Files(GridBucket? bucket, KeyFile file)
    {
        var held = file.NewSet();
        var number = 0L;
        foreach (var name in bucket?.Files.Keys ?? [])
        {
            held.Add(Key.Of(Encoding.UTF8.GetBytes(name), ++number));
        }
        var gridFiles = held.Count;
        if (options.Files is { } folder)
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                held.Add(Key.Of(Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, path)), long.MaxValue));
            }
        }
        file.Complete();
        var known = bucket is not null || options.Files is not null;
        foreach (var check in report.Classes.Where(c => c.Plan.Collection is not null))
        {
            var files = keys[check.Name].Files;
            if (files.Count == 0)
            {
                continue;
            }
            var missing = KeyQuestions.Missing(files, [held]);
            if (!known)
            {
                _findings.Add(new Finding(Weight.Know, "file-elsewhere", $"{N(files.Count)} file names; the source holds no files: copy the old server's folder or bucket into the file store") { Class = check.Name, Count = files.Count });
            }
            else if (missing.Count > 0)
            {
                _open.Add((new Finding(Weight.Decide, "file-missing", $"{N(missing.Count)} of {N(files.Count)} file names name a file that is not held") { Class = check.Name, Count = missing.Count },
                    check.Plan.Collection!, missing.First));
            }
        }
        if (bucket is not null)
        {
            Held(bucket, held, gridFiles);
        }
    }

    private void Held(GridBucket bucket, KeySet held, long gridFiles)
    {
        if (options.Rules.SkipFiles)
        {
            _findings.Add(new Finding(Weight.Know, "file-skipped", $"{N(gridFiles)} files in GridFS are left by rule") { Count = gridFiles });
            return;
        }
        if (bucket.Broken.Count > 0)
        {
            _findings.Add(new Finding(Weight.Fix, "file-entry", $"{N(bucket.Broken.Count)} entries of GridFS cannot be used and would go to the reject file: {bucket.Broken[0].Reason}") { Count = bucket.Broken.Count });
        }
        if (bucket.Chunks is null && bucket.Files.Values.Any(f => f.Length > 0))
        {
            _findings.Add(new Finding(Weight.Fix, "file-chunks", $"GridFS has entries of {N(gridFiles)} files and no chunks: their content is not in the source"));
        }
        if (bucket.Older > 0)
        {
            _findings.Add(new Finding(Weight.Know, "file-older", $"{N(bucket.Older)} entries of GridFS have a name that was uploaded again later: the latest counts") { Count = bucket.Older });
        }
        var unstorable = bucket.Files.Keys.Where(name => !Data.Files.FileName.IsStorable(name)).ToList();
        if (unstorable.Count > 0)
        {
            _findings.Add(new Finding(Weight.Decide, "file-name", $"{N(unstorable.Count)} files have a name that no file can have") { Count = unstorable.Count, Examples = [.. unstorable.Take(KeyQuestions.Examples)] });
        }
        var unnamed = KeyQuestions.Missing(held, keys.Values.Select(k => k.Files));
        var examples = unnamed.First.Where(n => n <= gridFiles).ToHashSet();
        if (examples.Count > 0)
        {
            var names = bucket.Files.Keys.Where((_, n) => examples.Contains(n + 1));
            _findings.Add(new Finding(Weight.Know, "file-unnamed", $"{N(unnamed.Count)} files that no field names: imported all the same") { Count = unnamed.Count, Examples = [.. names] });
        }
    }
}
