using Backend.Data.Catalog;
using Backend.Testing;

namespace Backend.Data.Tests.Catalog;

[Parallelizable(ParallelScope.All)]
internal sealed class IndexBuilderTests
{
    [Test]
    public async Task An_index_whose_building_was_cut_off_is_built_again()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Score", [new FieldSpec("points", FieldKind.Number), new FieldSpec("place", FieldKind.Point)]);
        await node.Catalog.AlterAsync("Score", new TableAlteration
        {
            AddIndexes =
            [
                new IndexSpec("best", """{"points":-1,"_created_at":1}""", [("points", true), ("createdAt", false)]),
                new IndexSpec("near", """{"place":"2dsphere"}""", []),
            ],
        });
        var builder = node.Get<IndexBuilder>();
        while (await StateAsync(builder) != "best Ready, near Noted")
            await Task.Delay(10);
        var before = await DefinitionAsync(database);

        await database.ExecuteAsync($"drop index app.{(await builder.ReadAsync())[0].Relation}");
        Assert.That(await StateAsync(builder), Is.EqualTo("best Waiting, near Noted"), "the process that declared it may be about to build it");
        await database.ExecuteAsync("update catalog.indexes set declared_at = now() - interval '1 hour'");
        Assert.That(await StateAsync(builder), Is.EqualTo("best Missing, near Noted"));
        await builder.RunAsync();
        Assert.That((await StateAsync(builder), await DefinitionAsync(database)), Is.EqualTo(("best Ready, near Noted", before)));

        await database.ExecuteAsync($"update pg_index set indisvalid = false where indexrelid = 'app.{(await builder.ReadAsync())[0].Relation}'::regclass");
        Assert.That(await StateAsync(builder), Is.EqualTo("best Failed, near Noted"));
        await builder.RunAsync();
        Assert.That((await StateAsync(builder), await DefinitionAsync(database)), Is.EqualTo(("best Ready, near Noted", before)));
    }

    private static async Task<string> StateAsync(IndexBuilder builder) => string.Join(", ", (await builder.ReadAsync()).Select(i => $"{i.Name} {i.State}"));

    private static Task<string?> DefinitionAsync(TestDatabase database) =>
        database.ScalarAsync<string>("select indexdef from pg_indexes where schemaname = 'app' and indexname like 'score_best%'");
}
