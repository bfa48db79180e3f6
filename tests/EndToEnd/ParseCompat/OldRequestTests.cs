using Backend.EndToEnd.Generated;

namespace Backend.EndToEnd.ParseCompat;

/// <summary>The half of the 10,000 made-up requests that goes to the old dialect.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class OldRequestTests
{
    [Test]
    public async Task No_made_up_request_breaks_the_old_dialect_or_is_half_written()
    {
        await using var backend = await GeneratedBackend.StartAsync();
        await GeneratedRun.RunAsync(backend.Database, backend.Api, OldRequests.Next, 5000);
    }
}
