using Backend.Data.Migrations;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class MigrationTests
{
    [Test]
    public async Task Migrations_are_applied_once_whoever_comes_first()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();

        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => MigrationRunner.RunAsync(database.ConnectionString)));

        Assert.That(runs.Count(applied => applied.Count > 0), Is.EqualTo(1));
        Assert.That(await MigrationRunner.RunAsync(database.ConnectionString), Is.Empty);
    }

    [Test]
    public async Task A_migration_that_was_changed_after_its_application_stops_the_runner()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("update catalog.migrations set checksum = 'other' where number = 1");

        Assert.That(() => MigrationRunner.RunAsync(database.ConnectionString), Throws.InvalidOperationException.With.Message.Contains("0001-catalog"));
    }

    [Test]
    public async Task A_database_that_is_newer_than_the_program_stops_the_runner()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into catalog.migrations (number, name, checksum) values (9999, '9999-later', 'x')");

        Assert.That(() => MigrationRunner.RunAsync(database.ConnectionString), Throws.InvalidOperationException.With.Message.Contains("older than the database"));
    }
}
