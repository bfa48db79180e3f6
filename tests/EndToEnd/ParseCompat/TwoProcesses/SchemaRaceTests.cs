using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>Classes and fields come into being by being written, on either of two processes that share a database.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class SchemaRaceTests
{
    private const int Rounds = 10;

    private static readonly (string, string) Master = ("X-Parse-Master-Key", ParseClient.Settings["ParseCompat:MasterKey"]);

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
        // Ten classes side by side, each a hundred fields long: a class with more than 320 columns keeps further fields elsewhere.
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

    [Test]
    public async Task Writes_and_finds_go_on_while_the_other_process_drops_a_field_and_the_class()
    {
        await _clients[0].SendAsync("POST", "classes/Shaken", """{"keep":1,"lost":1}""");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 6).Select(async i =>
        {
            var made = 0;
            for (; !stop.IsCancellationRequested; made++)
            {
                var batch = """{"requests":[{"method":"POST","path":"/parse/classes/Shaken","body":{"lost":2}},{"method":"POST","path":"/parse/classes/Shaken","body":{"keep":1,"lost":2}}]}""";
                var (status, body) = (i % 3) switch
                {
                    0 => await _clients[1].SendAsync("POST", "classes/Shaken", """{"keep":2,"lost":2}"""),
                    1 => await _clients[1].SendAsync("GET", "classes/Shaken?limit=1&" + ParseClient.Where("""{"lost":2}""")),
                    _ => await BatchAsync(batch),
                };
                Assert.That(status, Is.AnyOf(200, 201), body.ToJsonString());
            }

            return made;
        }).ToList();

        for (var round = 0; round < 8; round++)
        {
            var (status, body) = await _clients[0].SendAsync("PUT", "schemas/Shaken", """{"fields":{"lost":{"__op":"Delete"}}}""", Master);
            // 255: the other process has not made the field again yet.
            Assert.That(status == 200 || (int?)body["code"] == 255, body.ToJsonString());
            await Task.Delay(200);
        }

        await stop.CancelAsync();
        Assert.That(await Task.WhenAll(writers), Is.All.Positive);

        async Task<(int Status, System.Text.Json.Nodes.JsonObject Body)> BatchAsync(string batch)
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, _processes[1].Url + "/parse/batch") { Content = new StringContent(batch, System.Text.Encoding.UTF8, "application/json") };
            request.Headers.Add("X-Parse-Application-Id", "app");
            using var answer = await http.SendAsync(request);
            var body = new System.Text.Json.Nodes.JsonObject { ["items"] = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync()) };
            return (body.ToJsonString().Contains("error", StringComparison.Ordinal) ? 500 : (int)answer.StatusCode, body);
        }
    }

    // Four on each process.
    private Task<(int Status, System.Text.Json.Nodes.JsonObject Body)[]> EightAsync(
        Func<ParseClient, int, Task<(int Status, System.Text.Json.Nodes.JsonObject Body)>> write) =>
        Task.WhenAll(Enumerable.Range(0, 8).Select(i => write(_clients[i % 2], i)));
}
