using Backend.Testing;

namespace Backend.EndToEnd.Generated;

/// <summary>One API process on a database with the sample app.</summary>
public sealed class GeneratedBackend : IAsyncDisposable
{
    // With a mail server, which is down: what needs one is not refused for want of it.
    private static readonly Dictionary<string, string> Mail = new()
    {
        ["Mail:Host"] = "127.0.0.1",
        ["Mail:Port"] = "1",
        ["Mail:From"] = "app@example.com",
        ["Mail:Security"] = "None",
    };

    private GeneratedBackend(TestDatabase database, ApiProcess api)
    {
        Database = database;
        Api = api;
    }

    public TestDatabase Database { get; }

    public ApiProcess Api { get; }

    public static async Task<GeneratedBackend> StartAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await SampleBackend.ImportAsync(database.ConnectionString);
        return new GeneratedBackend(database, await ApiProcess.StartAsync(database.ConnectionString, Mail));
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Database.DisposeAsync();
    }
}
