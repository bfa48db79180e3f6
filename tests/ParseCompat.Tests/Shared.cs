namespace Backend.ParseCompat.Tests;

/// <summary>One server for the tests, wherever they are, that need no settings of their own; each uses names of its own.</summary>
[SetUpFixture]
internal sealed class Shared
{
    private static readonly Lazy<Task<ParseServer>> Server = new(() => ParseServer.StartAsync());

    public static Task<ParseServer> ServerAsync() => Server.Value;

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (Server.IsValueCreated)
            await (await Server.Value).DisposeAsync();
    }
}
