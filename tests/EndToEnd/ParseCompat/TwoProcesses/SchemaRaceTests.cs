using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>Classes and fields come into being by being written, on either of two processes that share a database.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class SchemaRaceTests
{
    private const int Rounds = 10;

    private TestDatabase _database = null!;
    private ApiProcess[] _processes = null!;
    private ParseClient[] _clients = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _processes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ApiProcess.StartAsync(_database.ConnectionString, ParseClient.Settings)));
        _clients = [.. _processes.Select(p => new ParseClient(p))];
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var process in _processes)
            await process.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task A_field_created_by_one_process_is_read_by_the_other_at_once_a_thousand_times()
    {
        // Ten classes side by side, each a hundred fields long: a class with more than 500 columns keeps further fields elsewhere.
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async lane =>
        {
            for (var i = 0; i < 100; i++)
            {
                var (writer, reader) = (_clients[i % 2], _clients[1 - (i % 2)]);
                var (status, written) = await writer.SendAsync("POST", $"classes/Lane{lane}", $$"""{"field{{i}}":{{i}}}""");
                Assert.That(status, Is.EqualTo(201), written.ToJsonString());

                var found = await reader.FindAsync($"Lane{lane}", $$"""{"field{{i}}":{{i}}}""");

                Assert.That(found, Has.Count.EqualTo(1), $"class Lane{lane}, field {i}");
                Assert.That(((string?)found[0]!["objectId"], (int?)found[0]![$"field{i}"]), Is.EqualTo(((string?)written["objectId"], (int?)i)));
            }
        }));
    }

    [Test]
    public async Task Eight_first_writes_of_a_class_at_once_all_succeed()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"First{round}";
            var answers = await EightAsync((client, i) => client.SendAsync("POST", $"classes/{name}", $$"""{"n":{{i}},"own{{i}}":"x"}"""));

            Assert.That(answers.Select(a => a.Status), Is.All.EqualTo(201), string.Join('\n', answers.Select(a => a.Body.ToJsonString())));
            foreach (var client in _clients)
                Assert.That(await client.FindAsync(name, """{"n":{"$gte":0}}"""), Has.Count.EqualTo(8));
            Assert.That(await _clients[0].FindAsync(name, """{"own7":"x"}"""), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task Of_first_writes_of_a_field_with_two_types_one_type_wins_and_the_others_get_111()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"Typed{round}";
            await _clients[0].SendAsync("POST", $"classes/{name}", "{}");

            var answers = await EightAsync((client, i) => client.SendAsync("POST", $"classes/{name}", (i / 2 % 2) == 0 ? """{"value":1}""" : """{"value":"1"}"""));

            var won = answers.Select((a, i) => (Type: i / 2 % 2, a.Status, a.Body)).ToList();
            var winner = won.First(a => a.Status == 201).Type;
            Assert.Multiple(() =>
            {
                foreach (var (type, status, body) in won)
                    Assert.That((status, (int?)body["code"]), Is.EqualTo(type == winner ? (201, null) : (400, (int?)111)), body.ToJsonString());
            });
            foreach (var client in _clients)
            {
                Assert.That(await client.FindAsync(name, winner == 0 ? """{"value":1}""" : """{"value":"1"}"""), Has.Count.EqualTo(4));
                Assert.That(await client.FindAsync(name, "{}"), Has.Count.EqualTo(5), "what was refused left nothing");
            }
        }
    }

    // Four on each process.
    private Task<(int Status, System.Text.Json.Nodes.JsonObject Body)[]> EightAsync(
        Func<ParseClient, int, Task<(int Status, System.Text.Json.Nodes.JsonObject Body)>> write) =>
        Task.WhenAll(Enumerable.Range(0, 8).Select(i => write(_clients[i % 2], i)));
}
