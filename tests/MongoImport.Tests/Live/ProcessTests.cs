using System.Diagnostics;
using Backend.MongoDouble;
using Backend.MongoDouble.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Tests.Imports;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Live;

/// <summary>The program and its child as processes.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ProcessTests
{
    private const string Password = "openSesame77";

    [Test]
    public async Task Ctrl_C_stops_the_program_with_its_one_child_and_leaves_nothing_behind()
    {
        await using var server = LiveServer.Start(new MongoServerOptions { User = "reader", Password = Password });
        using var folder = Given.Folder();
        await using var target = await Target.CreateAsync();
        using var program = await StalledAsync(server, target, folder);
        var child = Processes.ChildrenOf(program.Id).Single();
        Assert.That(Processes.CommandLine(child), Does.Contain("bridge.mjs").And.Not.Contain(Password));
        Assert.That(Processes.CommandLine(program.Id), Does.Not.Contain(Password));
        // As a terminal does it: to the whole group.
        Processes.Signal("INT", program.Id, child);
        await program.WaitForExitAsync(new CancellationTokenSource(Patience.Limit).Token);
        Assert.That(program.ExitCode, Is.EqualTo(130));
        await Patience.UntilAsync(() => !Processes.IsAlive(child), "the child lives on", pause: 50);
        Assert.That(Directory.EnumerateDirectories(folder.Path), Is.Empty);
        Assert.That(await program.StandardError.ReadToEndAsync() + await program.StandardOutput.ReadToEndAsync(), Does.Not.Contain(Password));
    }

    [Test]
    public async Task When_the_program_is_killed_its_child_goes_too()
    {
        await using var server = LiveServer.Start();
        using var folder = Given.Folder();
        await using var target = await Target.CreateAsync();
        using var program = await StalledAsync(server, target, folder);
        var child = Processes.ChildrenOf(program.Id).Single();
        Processes.Signal("KILL", program.Id);
        await Patience.UntilAsync(() => !Processes.IsAlive(child), "the child lives on", pause: 50);
    }

    [Test]
    public async Task A_child_that_is_killed_ends_the_import_with_a_message()
    {
        await using var server = LiveServer.Start();
        using var folder = Given.Folder();
        await using var target = await Target.CreateAsync();
        using var program = await StalledAsync(server, target, folder);
        Processes.Signal("KILL", Processes.ChildrenOf(program.Id).Single());
        await program.WaitForExitAsync(new CancellationTokenSource(Patience.Limit).Token);
        Assert.That(program.ExitCode, Is.EqualTo(1));
        Assert.That(await program.StandardError.ReadToEndAsync(), Does.Contain("the bridge to MongoDB failed: the process ended"));
    }

    [Test]
    public async Task A_large_collection_passes_through_a_child_of_bounded_memory_also_when_its_reader_is_slow()
    {
        const int many = 100_000;
        await using var server = LiveServer.Start();
        var text = new string('x', 2000);
        server.Mongo.Seed(LiveServer.Database, "Many", Enumerable.Range(0, many).Select(i => new MongoDoc { { "_id", i }, { "text", text } }.ToBytes()));
        await using var bridge = await Bridge.OpenAsync(server.Address(), position: false, CancellationToken.None);
        await LiveCollection.ReadAsync(bridge, "Many", CancellationToken.None);
        await Task.Delay(1000);
        Assert.That(server.Mongo.Commands.Count(c => c == "getMore"), Is.LessThan(10), "nobody reads, and yet more is asked for");
        var bytes = 0L;
        while (await bridge.ReceiveAsync(CancellationToken.None, 'd', 'e') is { Kind: 'd' } frame)
        {
            bytes += frame.Payload.Length;
        }
        Assert.That(bytes, Is.EqualTo(server.Mongo.Documents(LiveServer.Database, "Many").Sum(d => (long)d.Length)));
        Assert.That(await LiveCollection.CountAsync(bridge, "Many", CancellationToken.None), Is.EqualTo(many));
        Assert.That(await LiveCollection.CountAsync(bridge, "None", CancellationToken.None), Is.Zero);
        Assert.That(Processes.PeakMegabytes(bridge.ProcessId), Is.LessThan(200));
    }

    // The program in the middle of an import: the server has stopped answering.
    private static async Task<Process> StalledAsync(LiveServer server, Target target, TemporaryFolder folder)
    {
        server.Mongo.Seed(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        server.Mongo.Faults.Stall("find");
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "Backend.MongoImport.dll"), "import", "@" + folder.Write("uri", server.Mongo.Uri(LiveServer.Database)),
            "--connection", target.Database.ConnectionString, "--temporary", folder.Path, "--rejects", target.RejectFile,
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var program = Process.Start(start)!;
        await Patience.UntilAsync(() => server.Mongo.Commands.Contains("find"), "the program did not come so far", pause: 50);
        return program;
    }
}
