namespace Backend.EndToEnd;

/// <summary>One <see cref="SampleBackend"/> for all client tests: they leave the imported rows as they were.</summary>
[SetUpFixture]
public sealed class SharedSampleBackend
{
    private static readonly Lock Starting = new();
    private static Task<SampleBackend>? _started;

    /// <summary>Starts it for the first who asks.</summary>
    public static Task<SampleBackend> GetAsync()
    {
        lock (Starting)
            return _started ??= SampleBackend.StartAsync();
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        if (_started is { IsCompletedSuccessfully: true })
            await (await _started).DisposeAsync();
    }
}
