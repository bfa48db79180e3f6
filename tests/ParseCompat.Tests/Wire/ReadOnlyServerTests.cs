using Backend.Testing;
using Npgsql;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>After a fail-over, connections can lead to a server that only reads, while its address leads to another one.</summary>
[TestFixture]
public sealed class ReadOnlyServerTests
{
    [Test]
    public async Task Connections_to_a_server_that_takes_no_writes_are_not_kept()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var server = await ParseServer.StartAsync(database: database);
        await server.CreateAsync("Row", """{"n":1}""");
        await using var connection = await database.DataSource.OpenConnectionAsync();
        var name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database;
        await RunAsync(connection, $"alter database {name} set default_transaction_read_only = on");
        await RunAsync(connection, $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()");

        for (var i = 0; i < 3; i++)
            Assert.That(await server.SendAsync("POST", "/classes/Row", """{"n":2}"""), Is.EqualTo("""503 {"code":1,"error":"The database cannot be reached. A change may or may not have been made."}"""));

        await RunAsync(connection, $"alter database {name} reset default_transaction_read_only");
        int status;
        do
            status = (await server.CallAsync("POST", "/classes/Row", """{"n":3}""")).Status;
        while (status == 503); // until the next renewal of the process's lease
        Assert.That(status, Is.EqualTo(201));
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.row"), Is.EqualTo(2));
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
