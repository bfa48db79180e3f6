using Backend.MongoImport.Reporting;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>Generated documents: whatever they hold, they are imported, and every value is somewhere.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class OddDocumentsTests
{
    private const int Documents = 3_000;

    [Test]
    public async Task No_document_is_refused_because_of_a_value_and_no_value_is_lost()
    {
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"seed {seed}");
        using var folder = Given.Folder();
        folder.Write("Odd.bson", OddDocuments.Write(new Random(seed), Documents, out var values));
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(folder.Path);
        var odd = report.Classes.Single();
        Assert.That((odd.State, odd.Message), Is.EqualTo((ClassState.Imported, (string?)null)), $"seed {seed}");
        Assert.That((odd.Imported, odd.Rejected), Is.EqualTo(((long)Documents, 0L)), $"seed {seed}");

        // Field values: in a column, or under their key in rest. Under a key with _ stands what a column shows only nearly.
        var columns = await target.Get<string>("select string_agg(format('%I', f.column_name), ', ') from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Odd'");
        var kept = await target.Get<long>($"select sum(num_nonnulls({columns}) + (select count(*) from jsonb_object_keys(coalesce(rest, '{{}}')) k where k not in ('_missing', '_rperm', '_wperm', '_created_at', '_updatedAt', '_acl', '_a', '_b', '_c', '_e', '_f')))::bigint from app.odd");
        Assert.That(kept, Is.EqualTo(values), $"seed {seed}");

        // Nulls say nothing of a type: their name is no field, and clients still see them.
        Assert.That(await target.Get<string>("select array_to_string(untyped, ',') from catalog.tables where origin = 'Odd'"), Is.EqualTo("gone"));
    }
}
