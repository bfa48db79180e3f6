using Backend.Testing;
using Npgsql;

namespace Backend.ParseCompat.Tests.Limits;

public sealed class StatementTimeoutTests
{
    [Test]
    public async Task A_query_that_burns_is_stopped_with_124_and_its_backend_is_free_again()
    {
        await using var patient = await ParseApp.StartAsync();
        await patient.JsonAsync("POST", "/parse/classes/Burn", """{"s":"x"}""");
        // Texts over which a back reference is tried at every length.
        await using (var source = NpgsqlDataSource.Create(patient.Database.ConnectionString))
        {
            await using var fill = source.CreateCommand("insert into app.burn (id, created_at, updated_at, s) select 'r' || n, now(), now(), repeat('xab', 200) || n from generate_series(1, 3000) n");
            await fill.ExecuteNonQueryAsync();
        }

        // Long enough for what it does besides, on a busy machine too.
        await using var app = await ParseApp.StartAsync(patient.Database, ("Database:StatementTimeout", "00:00:02"));
        const string burning = """/parse/classes/Burn?where={"s":{"$regex":"^(.%2B)%2B(.%2B)%2B\\1\\2$"}}""";
        Assert.That(await app.SendAsync("GET", burning), Is.EqualTo("""400 {"code":124,"error":"The request timed out on the server."}"""));
        Assert.That(await app.SendAsync("GET", burning + "&count=1&limit=0"), Does.Contain("\"code\":124"));
        const string busy = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'backend' and state = 'active' and query like '%burn%'";
        Assert.That(await app.Database.ScalarAsync<long>(busy), Is.Zero, "PostgreSQL has stopped it");
        await Patience.UntilAsync(
            async () => (await app.SendAsync("GET", "/parse/classes/Burn?limit=1")).StartsWith("200", StringComparison.Ordinal), "the same connection does not serve on");
    }
}
