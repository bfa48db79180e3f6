using System.Net;
using System.Net.Sockets;
using Backend.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Tests;

[TestFixture]
internal sealed class ReplicaTests
{
    [Test]
    public async Task A_host_that_hangs_is_left_by_reads_that_wait_for_it_and_asked_again_when_it_is_back()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var way = PausableProxy.To(settings.Host!, settings.Port);
        (settings.Host, settings.Port) = ("127.0.0.1", way.Port);
        // Patient enough for the machine that this runs on: looked at until it is there.
        using var replica = Make(settings.ConnectionString, TimeSpan.FromMilliseconds(200));
        Assert.That(await replica.TryReadAsync(ReadAsync, default), Is.Null, "nobody has asked it yet");
        await UntilAsync(replica, isThere: true);

        way.Pause();
        var waiting = replica.TryReadAsync(ReadAsync, default);
        await replica.LookAsync();
        Assert.That(await waiting, Is.Null);
        Assert.That(await replica.TryReadAsync(ReadAsync, default), Is.Null);

        way.Resume();
        await UntilAsync(replica, isThere: true);
    }

    [Test]
    public async Task Of_several_hosts_those_that_are_there_answer()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        settings.Host = $"127.0.0.1:{port},{settings.Host}:{settings.Port}";
        using var replica = Make(settings.ConnectionString, TimeSpan.FromSeconds(20));
        await replica.LookAsync();
        for (var i = 0; i < 4; i++)
            Assert.That((await replica.TryReadAsync(ReadAsync, default))?.Value, Is.EqualTo(1));
    }

    [Test]
    public void Hosts_have_a_connection_string_each()
    {
        var hosts = Replica.Split("Host=a:1, b,/run/postgresql;Port=5433;Database=d;Load Balance Hosts=true;Target Session Attributes=prefer-standby").ToList();
        Assert.That(hosts.Select(h => (h.Host, h.Port, h.Database)), Is.EqualTo(new[] { ("a", 1, "d"), ("b", 5433, "d"), ("/run/postgresql", 5433, "d") }));
        Assert.That(hosts.Select(h => h.TargetSessionAttributes), Is.All.Null);
    }

    private static Replica Make(string connectionString, TimeSpan patience) =>
        new(connectionString, Options.Create(new DatabaseOptions()), NullLogger<Replica>.Instance) { Patience = patience };

    private static async Task UntilAsync(Replica replica, bool isThere)
    {
        Answer? answer;
        do
        {
            await replica.LookAsync();
            answer = await replica.TryReadAsync(ReadAsync, default);
        }
        while (answer is not null != isThere);
    }

    private static async Task<Answer> ReadAsync(NpgsqlConnection connection)
    {
        await using (connection)
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            return new Answer((int)(await command.ExecuteScalarAsync())!);
        }
    }

    private sealed record Answer(int Value) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => default;
    }
}
