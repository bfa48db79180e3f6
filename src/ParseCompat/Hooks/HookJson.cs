using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>JSON in memory, for what is sent to hooks.</summary>
internal static class HookJson
{
    /// <summary>What a writer writes, as UTF-8.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var output = JsonOutput.Rent();
        try
        {
            write(output.Json);
            output.Json.Flush();
            return output.Written.ToArray();
        }
        finally
        {
            output.Return();
        }
    }
}
