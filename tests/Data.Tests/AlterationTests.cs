using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class AlterationTests
{
    [Test]
    public async Task Fields_are_dropped_and_added_with_permissions_and_an_index_in_one_change()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Score", [new FieldSpec("points", FieldKind.Text), new FieldSpec("name", FieldKind.Text)]);
        var before = node.Catalog.Current.Version;

        var snapshot = await node.Catalog.AlterAsync("Score", new TableAlteration
        {
            Drop = ["points"],
            Set = [new FieldSpec("points", FieldKind.Number) { Default = Value.Of(5) }, new FieldSpec("name", FieldKind.Text) { Required = true }],
            SetPermissions = true,
            Permissions = TablePermissions.Public with { Find = PermissionRule.Nobody },
            AddIndexes = [new IndexSpec("by_points", """{"points":-1}""", [("points", true)])],
        });

        var table = snapshot.FindByOrigin("Score")!;
        Assert.Multiple(() =>
        {
            Assert.That(snapshot.Version, Is.EqualTo(before + 1));
            Assert.That(table.Find("points"), Is.Not.Null.And.Property("Kind").EqualTo(FieldKind.Number).And.Property("Default").EqualTo(Value.Of(5)).And.Property("Indexed").True);
            Assert.That(table.Find("name")!.Required, Is.True);
            Assert.That(table.Permissions.Find.Public, Is.False);
            Assert.That(table.Indexes.Single().DefinitionJson, Is.EqualTo("""{"points":-1}"""));
        });
        snapshot = await node.Catalog.AlterAsync("Score", new TableAlteration { DropIndexes = ["by_points"] });
        Assert.That(snapshot.FindByOrigin("Score")!.Indexes, Is.Empty);
    }

    [Test]
    public async Task An_alteration_with_a_conflict_changes_nothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Score", [new FieldSpec("points", FieldKind.Number), new FieldSpec("name", FieldKind.Text)]);

        var refusal = await Assert.ThrowsAsync<Refusal>(() => node.Catalog.AlterAsync("Score", new TableAlteration
        {
            Drop = ["name"],
            Set = [new FieldSpec("points", FieldKind.Text)],
        }));

        Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.TypeMismatch));
        Assert.That((await node.Catalog.GetAsync()).FindByOrigin("Score")!.Find("name"), Is.Not.Null);
    }
}
