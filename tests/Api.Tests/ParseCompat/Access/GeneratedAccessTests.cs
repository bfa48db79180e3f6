using System.Text.Json.Nodes;
using Backend.Testing;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>
/// Made-up applications, callers and requests of both dialects against contract 11 to 13 in memory: who may learn or change what.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GeneratedAccessTests
{
    private const int Applications = 2;
    private const int Requests = 250;

    [Test]
    public async Task Nobody_learns_or_changes_more_or_less_than_the_rules_say()
    {
        await using var host = await ApiHost.StartOnSocketAsync(("ParseCompat:MasterKey", "mk"), ("ParseCompat:AllowCustomObjectId", "true"),
            ("ParseCompat:ProtectedFieldsSaveResponseExempt", "false"));
        TestContext.Out.WriteLine($"TEST_SEED={Seed.Value}");
        var random = new Random(Seed.Value);
        for (var number = 0; number < Applications; number++)
            await TryAsync(await World.MakeAsync(host, random, number), random);
    }

    private static async Task TryAsync(World world, Random random)
    {
        var session = new Session(world, random);
        for (var i = 0; i < Requests; i++)
            await session.StepAsync();
        TestContext.Out.WriteLine(session.Summary);
        Assert.That(session.Failures, Is.Empty, string.Join("\n\n", session.Failures.Take(8)));

        // What was refused has changed nothing.
        foreach (var made in world.Own)
        {
            var now = await world.DumpAsync(made);
            Assert.That(now.Keys, Is.EquivalentTo(made.Rows.Keys), made.Name);
            foreach (var (id, row) in now)
                Assert.That(JsonNode.DeepEquals(row, made.Rows[id]), Is.True, $"{row}\nis not\n{made.Rows[id]}");
        }
    }
}
