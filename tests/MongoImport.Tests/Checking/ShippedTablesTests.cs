using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.MongoImport.Checking;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Checking;

[TestFixture]
internal sealed class ShippedTablesTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>After a migration that changes a system table: <c>WRITE_SHIPPED_TABLES=scripts/MongoImport/Checking/shipped-tables.json</c>, an absolute path, writes the file.</summary>
    [Test]
    public async Task The_tables_that_check_knows_are_those_of_a_migrated_database()
    {
        await using var target = await Target.CreateAsync();
        await Backend.Data.Migrations.MigrationRunner.RunAsync(target.Database.ConnectionString, default);
        var found = JsonNode.Parse((await target.Get<string>(ShippedTables.Sql))!)!.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("WRITE_SHIPPED_TABLES") is { Length: > 0 } path)
        {
            await File.WriteAllTextAsync(path, found);
        }
        using var file = new StreamReader(typeof(ShippedTables).Assembly.GetManifestResourceStream("shipped-tables.json")!);
        Assert.That(await file.ReadToEndAsync(), Is.EqualTo(found), "a migration has changed a system table: write the file anew, as the comment says");
    }
}
