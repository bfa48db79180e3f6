using System.Diagnostics;

namespace Backend.MongoImport.Tests.Live;

/// <summary>What Linux says about processes.</summary>
internal static class Processes
{
    /// <summary>The ids of a process's children.</summary>
    public static List<int> ChildrenOf(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => int.TryParse(n, out _)).Select(int.Parse).Where(p => ParentOf(p) == parent)];

    public static bool IsAlive(int process) => ParentOf(process) is not null;

    /// <summary>The command line, its arguments divided by blanks.</summary>
    public static string CommandLine(int process) => File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');

    /// <summary>The most memory that it has had at a time, in megabytes.</summary>
    public static int PeakMegabytes(int process) =>
        int.Parse(File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null) / 1024;

    /// <summary>Sends a signal, as kill does.</summary>
    public static void Signal(string signal, params IEnumerable<int> processes)
    {
        using var kill = Process.Start("kill", [$"-{signal}", .. processes.Select(p => $"{p}")]);
        kill.WaitForExit();
    }

    // Null: there is no such process, or only what its parent has not yet taken note of.
    private static int? ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var parts = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return parts[0] == "Z" ? null : int.Parse(parts[1], null);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
