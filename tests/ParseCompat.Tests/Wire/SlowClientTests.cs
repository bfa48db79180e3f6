using System.Net.Sockets;
using System.Text;
using Backend.Testing;
using Npgsql;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>Clients that take their time with what they are sent, and what they take from others.</summary>
[TestFixture]
public sealed class SlowClientTests
{
    [Test]
    public async Task A_client_that_does_not_take_its_answer_holds_no_connection_to_the_database()
    {
        const int connections = 3;
        await using var database = await TestDatabase.CreateAsync();
        await using var server = await ParseServer.StartAsync(new()
        {
            ["ConnectionStrings:Database"] = new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = connections }.ConnectionString,
            ["Database:StatementTimeout"] = "00:00:00",
        }, database);
        await server.CreateAsync("Row", """{"n":0,"t":"first"}""");
        await database.ExecuteAsync("insert into app.row (id, created_at, updated_at, n, t) select 'r' || i, now(), now(), i, repeat('x', 30000) from generate_series(1, 100) i");

        using var client = new HttpClient();
        var slow = new List<Socket>();
        try
        {
            foreach (var path in Enumerable.Repeat("/parse/classes/Row", connections - 1).Append("/parse/aggregate/Row?$match={}"))
                slow.Add(await AskAsync(new Uri(server.Address), path));
            for (var i = 0; i < connections; i++)
                Assert.That((await server.CallAsync("GET", "/classes/Row?limit=1&order=n")).Status, Is.EqualTo(200));

            // Late as it is, it gets all of it.
            var answer = await TakeAsync(slow[0]);
            Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK").And.EndWith("]}\r\n0\r\n\r\n"));
            Assert.That(answer.Split("\"objectId\"").Length - 1, Is.EqualTo(100));
        }
        finally
        {
            slow.ForEach(s => s.Dispose());
        }
    }

    private static async Task<Socket> AskAsync(Uri server, string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(server.Host, server.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: a\r\nX-Parse-Application-Id: app\r\nX-Parse-Master-Key: mk\r\nConnection: close\r\n\r\n"));
        return socket;
    }

    private static async Task<string> TakeAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer) is var read and > 0)
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        return text.ToString();
    }
}
