using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Backend.ParseCompat.Tests.Schemas;

/// <summary>Another process has changed a class, and this one has not heard of it yet: what it plans fails in the database, and is planned once more.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
public sealed class OvertakenTests
{
    private const string DropField = """
        with gone as (delete from catalog.fields f using catalog.tables t where t.number = f.table_number and t.origin = 'Old' and f.name = 'x')
        update catalog.state set version = version + 1;
        alter table app.old drop column x;
        """;

    private const string DropClass = """
        with gone as (delete from catalog.tables where origin = 'Old') update catalog.state set version = version + 1;
        drop table app.old;
        """;

    [TestCase("POST", "/classes/Old", """{"x":2}""", DropField, "201")]
    [TestCase("PUT", "/classes/Old/ID", """{"x":2}""", DropField, "200")]
    [TestCase("GET", "/classes/Old", null, DropField, "200")]
    [TestCase("GET", "/classes/Old/ID", null, DropField, "200")]
    [TestCase("POST", "/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Old","body":{"x":2}},{"method":"PUT","path":"/parse/classes/Old/ID","body":{"x":2}}]}""", DropField, "200")]
    [TestCase("POST", "/classes/Old", """{"x":2}""", DropClass, "201")]
    [TestCase("PUT", "/classes/Old/ID", """{"x":2}""", DropClass, "404")]
    [TestCase("DELETE", "/classes/Old/ID", null, DropClass, "404")]
    [TestCase("GET", "/classes/Old", null, DropClass, "200")]
    public async Task A_request_is_planned_again(string method, string path, string? body, string change, string expected)
    {
        await using var server = await ParseServer.StartAsync(new() { ["ParseCompat:Idempotency:Paths:0"] = "classes" });
        var id = await server.CreateAsync("Old", """{"x":1}""");
        await using (var command = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(change))
            await command.ExecuteNonQueryAsync();

        var answer = await server.SendAsync(method, path.Replace("ID", id, StringComparison.Ordinal), body?.Replace("ID", id, StringComparison.Ordinal), master: true);

        Assert.That(answer, Does.StartWith(expected + " ").And.Not.Contain("\"error\":{"));
        if (method == "POST" && path != "/batch")
            Assert.That(await server.FindAsync("Old", """{"x":2}""", "x"), Is.EqualTo("2"));
    }
}
