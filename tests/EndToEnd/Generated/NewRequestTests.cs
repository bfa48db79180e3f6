namespace Backend.EndToEnd.Generated;

/// <summary>10,000 made-up requests to the two APIs together; the other 5,000 go with the old dialect.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class NewRequestTests
{
    [Test]
    public async Task No_made_up_request_breaks_the_new_API_or_is_half_written()
    {
        await using var backend = await GeneratedBackend.StartAsync();
        await GeneratedRun.RunAsync(backend.Database, backend.Api, NewRequests.Next, 5000);
    }
}
