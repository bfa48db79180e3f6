using System.Text.Json;

namespace Backend.MongoImport.Tests;

/// <summary>What samples/counts.json says about samples/dump, which an independent library wrote.</summary>
internal static class Samples
{
    public static Dictionary<string, int> Counts { get; } =
        JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllBytes(Given.File("samples-counts.json")))!;
}
