using Backend.Testing;

namespace Backend.EndToEnd.Generated;

/// <summary>One API process on a database with the sample app.</summary>
public sealed class GeneratedBackend : IAsyncDisposable
{
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
        return new GeneratedBackend(database, await ApiProcess.StartAsync(database.ConnectionString));
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Database.DisposeAsync();
    }
}
