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

    [TestCase("POST", "/classes/Old", """{"x":2}""", "201")]
    [TestCase("PUT", "/classes/Old/ID", """{"x":2}""", "200")]
    [TestCase("PUT", "/classes/Old/ID", """{"x":{"__op":"Increment","amount":1},"list":{"__op":"AddUnique","objects":[1]}}""", "200")]
    [TestCase("POST", "/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Old","body":{"x":2}},{"method":"POST","path":"/parse/classes/Old","body":{"x":3}}]}""", "200")]
    [TestCase("POST", "/batch", """{"transaction":true,"requests":[{"method":"PUT","path":"/parse/classes/Old/ID","body":{"x":2}},{"method":"POST","path":"/parse/classes/Old","body":{"x":3}}]}""", "200")]
    public async Task A_write_that_meets_one_change_after_another_is_planned_again_each_time(string method, string path, string body, string expected)
    {
        await using var server = await ParseServer.StartAsync();
        var id = await server.CreateAsync("Old", """{"x":1,"list":[]}""");
        // What PostgreSQL says of a column that is gone, to seven statements; a sequence does not go back with a transaction.
        await using (var command = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("""
            create sequence app.meetings;
            create function app.meet() returns trigger language plpgsql as $$
            begin
                if nextval('app.meetings') <= 7 then
                    raise exception using errcode = '42703';
                end if;
                return new;
            end $$;
            create trigger meet before insert or update on app.old for each row execute function app.meet();
            """))
            await command.ExecuteNonQueryAsync();

        var answer = await server.SendAsync(method, path.Replace("ID", id, StringComparison.Ordinal), body.Replace("ID", id, StringComparison.Ordinal), master: true);

        Assert.That(answer, Does.StartWith(expected + " ").And.Not.Contain("\"error\":{"));
        Assert.That(await server.FindAsync("Old", """{"x":2}""", "x"), Is.EqualTo("2"));
    }

    [Test]
    public async Task A_field_that_comes_back_with_another_type_is_read_and_written_by_every_connection()
    {
        await using var server = await ParseServer.StartAsync();
        var id = await server.CreateAsync("Retyped", """{"v":1}""");
        string[] paths = [$"/classes/Retyped/{id}", "/classes/Retyped?order=v", "/classes/Retyped?count=1"];

        // Often enough, and at once, that several connections know the statements.
        for (var round = 0; round < 8; round++)
            await Task.WhenAll(Enumerable.Range(0, 4).SelectMany(_ => paths).Select(path => server.SendAsync("GET", path)));
        Assert.That((await server.CallAsync("PUT", "/schemas/Retyped", """{"fields":{"v":{"__op":"Delete"}}}""", master: true)).Status, Is.EqualTo(200));
        Assert.That((await server.CallAsync("PUT", "/schemas/Retyped", """{"fields":{"v":{"type":"String"}}}""", master: true)).Status, Is.EqualTo(200));

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).SelectMany(_ => paths).Select(path => server.SendAsync("GET", path)));
        Assert.That(answers, Has.All.StartWith("200 "), () => string.Join("\n", server.Errors));
        Assert.That(await server.SendAsync("PUT", $"/classes/Retyped/{id}", """{"v":"text"}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await server.FindAsync("Retyped", "{}", "v"), Is.EqualTo("text"));
    }
}
