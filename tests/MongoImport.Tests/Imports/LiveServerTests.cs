using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>A server that is running while an import goes on.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class LiveServerTests
{
    [Test]
    public async Task A_running_process_knows_an_imported_class_when_the_import_ends()
    {
        await using var target = await Target.CreateAsync();
        await using var pool = NpgsqlDataSource.Create(target.Database.ConnectionString);
        using var listener = new Listener(target.Database.ConnectionString, NullLogger<Listener>.Instance);
        using var catalog = new LiveCatalog(pool, listener, NullLogger<LiveCatalog>.Instance);
        await catalog.StartAsync(CancellationToken.None);
        await listener.StartAsync(CancellationToken.None);
        await listener.Ready;
        for (var round = 1; round <= 3; round++)
        {
            var report = await target.ImportAsync(("Game.json", $"{{\"objectId\":\"g\",\"round{round}\":{round}}}"), ("_User.json", """{"objectId":"u1","username":"ann"}"""));
            Assert.That(report.ExitCode, Is.Zero);
            Assert.That(catalog.Current.FindByOrigin("Game")?.Find($"round{round}"), Is.Not.Null, "known without asking the database");
        }
        await catalog.StopAsync(CancellationToken.None);
        await listener.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Caches_of_sessions_and_roles_are_told_that_the_accounts_were_exchanged()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(("_User.json", """{"objectId":"u1","username":"ann"}"""), ("_Session.json", """{"objectId":"s1","sessionToken":"r:1"}"""), ("_Role.json", """{"objectId":"r1","name":"admin"}"""));
        await using var connection = await target.Database.DataSource.OpenConnectionAsync();
        var heard = new HashSet<string>();
        connection.Notification += (_, e) => heard.Add($"{e.Channel} {e.Payload}");
        await using (var listen = new NpgsqlCommand("listen accounts", connection))
        {
            await listen.ExecuteNonQueryAsync();
        }
        await target.ImportAsync(("_User.json", """{"objectId":"u1","username":"ann"}"""), ("_Session.json", ""), ("_Role.json", ""));
        await using (var ask = new NpgsqlCommand("select 1", connection))
        {
            await ask.ExecuteNonQueryAsync();
        }
        Assert.That(heard, Is.SupersetOf(new[] { "accounts s*", "accounts r*" }));
    }
}
