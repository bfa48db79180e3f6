using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Tests.Verifying;
using Backend.MongoImport.Verifying;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Tests.Extended;

/// <summary>Every form and every pitfall of the contract, imported and compared: nothing differs that no rule explains, and each ends where it should.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ExtendedDumpTests
{
    private readonly TemporaryFolder _folder = Given.Folder();
    private Target _target = null!;
    private ImportReport _import = null!;
    private VerifyReport _verify = null!;

    [OneTimeSetUp]
    public async Task ImportAsync()
    {
        ExtendedDump.Instance.Write(_folder);
        _target = await Target.CreateAsync();
        _import = await _target.ImportAsync(_folder.Path);
        _verify = await _target.VerifyAsync(_folder.Path);
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        await _target.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public void Nothing_differs_that_no_rule_explains()
    {
        Assert.That(_import.Classes.Where(c => c.State != ClassState.Imported).Select(c => $"{c.Name} {c.Message}"), Is.Empty);
        Assert.That(VerifyTests.Unexplained(_verify), Is.Empty);
        Assert.That((_import.Rejected, _verify.ExitCode, _verify.IsComplete), Is.EqualTo((0L, Command.Done, true)));
    }

    [Test]
    public async Task What_no_column_takes_stands_in_rest()
    {
        await using var database = NpgsqlDataSource.Create(_target.Database.ConnectionString);
        using var listener = new Listener(_target.Database.ConnectionString, NullLogger<Listener>.Instance);
        using var live = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance);
        var catalog = await live.GetAsync();
        var wrong = new List<string>();
        foreach (var oddity in ExtendedDump.Instance.Oddities)
        {
            await using var command = database.CreateCommand($"select coalesce(rest::text, '') from {catalog.FindByOrigin(oddity.ClassName)!.Quoted} where id = $1");
            command.Parameters.Add(new NpgsqlParameter { Value = oddity.Id });
            if (await command.ExecuteScalarAsync() is var rest && (rest as string) != (oddity.Rest ?? ""))
            {
                wrong.Add($"{oddity.Pitfall} {oddity.Id}: {rest ?? "no row"} and not {oddity.Rest}");
            }
        }
        Assert.That(wrong, Is.Empty);
        Assert.That(ExtendedDump.Instance.Oddities.Select(o => o.Pitfall).Distinct().Count(), Is.GreaterThan(30));
    }

    [Test]
    public void Each_rule_explains_what_it_should_and_no_more()
    {
        var rules = new RuleCounts();
        _verify.Classes.ForEach(c => rules.Add(c.Rules));
        Assert.That(rules.Applied.Where(r => r.Rule is not (Rule.SchemaSystem or Rule.ForeignType or Rule.SchemaInferred)).Select(r => $"{r.Rule.Key()} {r.Count}").ToArray(), Is.EqualTo(new[]
        {
            "object-id-is-text 1",
            "date-form 9",
            "bytes-form 7",
            "file-form 2",
            "pointer-form 2",
            "geo-form 2",
            "time-form 1",
            "inexact-number 4",
            "duplicate-key 2",
            "duplicate-id 1",
            "legacy-acl 1",
            "session-rights 1",
            "unlinked-provider 1",
            "relation-marker 1",
            "join-incomplete 1",
            "join-duplicate 1",
        }));
        Assert.That(_verify.Ignored.Select(i => i.Name), Is.EquivalentTo(new[] { "_dummy", "_EventDimension", "_Idempotency", "agendaJobs", "system.js" }));
        Assert.That(_verify.FilesLeft, Does.StartWith("Files in GridFS were not compared"));
    }

    [TestCase("select count(*) from app.users where username_duplicate or email_duplicate", 1, Description = "3.10: of equal names one row keeps them")]
    [TestCase("select count(*) from app.identities where duplicate", 1, Description = "3.28: 42 and \"42\" are one id")]
    [TestCase("select count(*) from app.sessions where token_duplicate", 1, Description = "3.19")]
    [TestCase("select count(*) from app.odd where st_x(point) = 200", 1, Description = "3.22: geometry keeps what geography would change")]
    [TestCase("select count(*) from app.odd where id = 'onlyAcl' and acl_write = '{uFirst0001}'", 1, Description = "3.17")]
    [TestCase("select count(*) from app.odd where id = 'repeated' and acl_read = '{*,nobody}'", 1, Description = "3.18")]
    [TestCase("select count(*) from app.odd where id = 'oneMissing' and acl_read is null and acl_write = '{}'", 1, Description = "3.18")]
    [TestCase("select count(*) from app.odd where created_at = '2016-04-30 19:50:24Z' and id = '57250c800000000000000000'", 1, Description = "3.15: the time of the ObjectId")]
    [TestCase("select count(*) from app.odd where id = 'cesu8' and text = '😀'", 1, Description = "3.5: pairs are joined")]
    [TestCase("select count(*) from app.odd where id = 'objectIdInText' and text = '00000000000000000000000a'", 1, Description = "3.1")]
    [TestCase("select count(*) from app.odd where id = 'manyItems' and jsonb_array_length(list) = 20000", 1, Description = "3.21")]
    [TestCase("select count(*) from app.odd_links", 3, Description = "3.27: pairs once, danglers kept")]
    [TestCase("select count(*) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Wide' and f.column_name is not null", 320, Description = "3.31")]
    [TestCase("select count(*) from catalog.tables where lower(origin) = 'post'", 2, Description = "3.13")]
    [TestCase("select count(*) from catalog.fields where name = 'never'", 1, Description = "3.30")]
    [TestCase("select count(*) from catalog.tables where origin = 'NoRows'", 1, Description = "3.9")]
    [TestCase("select count(*) from app.push_status where push_time = '2016-05-01T00:00:00+05:30'", 1, Description = "3.32")]
    [TestCase("select n::bigint from app.twice", 2, Description = "of equal ids the last read counts")]
    public async Task Each_pitfall_ends_where_the_contract_says(string sql, long expected) => Assert.That(await _target.Get<long>(sql), Is.EqualTo(expected));

    [Test]
    public async Task A_prefix_of_all_collections_is_taken_off_and_another_apps_collections_are_left()
    {
        using var folder = Given.Folder();
        ExtendedDump.Instance.Write(folder, "p1_");
        folder.Write("extended/Other.bson", Doc.Documents(d => d.Text("_id", "x").Times()));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        var report = await target.VerifyAsync(folder.Path);
        Assert.That(VerifyTests.Unexplained(report), Is.Empty);
        Assert.That(report.Ignored.Select(i => i.Name), Does.Contain("Other"));
        Assert.That(report.Classes.Sum(c => c.Rows.Equal), Is.EqualTo(_verify.Classes.Sum(c => c.Rows.Equal)));
    }
}
