using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Verifying;
using Backend.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Tests.Restoring;

/// <summary>Rows become documents again: what was imported is what comes back.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RestoringTests
{
    [Test]
    public async Task Every_document_of_the_sample_app_comes_back_as_it_was()
    {
        await using var target = await Target.CreateAsync();
        var folder = Given.File("samples", "game");
        await target.ImportAsync(folder);
        Assert.That(await DifferencesAsync(target, folder), Is.Empty);
    }

    [Test]
    public async Task Documents_of_any_values_come_back_as_they_were()
    {
        using var folder = Given.Folder();
        var seed = Seed.Value;
        folder.Write("Odd.bson", OddDocuments.Write(new Random(seed), 2_000, out _));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        Assert.That(await DifferencesAsync(target, folder.Path), Is.Empty, $"seed {seed}");
    }

    [Test]
    public async Task What_was_written_since_wins_over_what_rest_keeps_of_the_value_before()
    {
        using var folder = Given.Folder();
        folder.Write("Thing.bson", Doc.Documents(w => w.Text("_id", "a").Array("list", l => l.Double("0", double.NaN)).Null("_p_owner").Text("_rperm", "odd").Text("_p_second", "Thing$b")
            .Document("second", d => d.Text("__type", "Pointer").Text("className", "Thing").Text("objectId", "c"))));
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path);
        await using var restored = await Restored.OpenAsync(target);
        Assert.That(await restored.ShowAsync("Thing", "a"), Is.EqualTo(
            "{_id: Text 'a', list: array {0: Double NaN}, _p_second: Text 'Thing$b', second: {__type: Text 'Pointer', objectId: Text 'c', className: Text 'Thing'}, _p_owner: Null, _rperm: Text 'odd', _acl: {}}"));
        await target.Database.ExecuteAsync("update app.thing set list = '[1, {\"__type\": \"Date\", \"iso\": \"2016-05-01T00:00:00.000Z\"}]', second = null, acl_read = '{*}', updated_at = '2020-01-01Z' where id = 'a'");
        Assert.That(await restored.ShowAsync("Thing", "a"), Is.EqualTo(
            "{_id: Text 'a', list: array {0: Int32 1, 1: Date 1462060800000}, _p_owner: Null, _rperm: array {0: Text '*'}, _acl: {*: {r: true}}, _updated_at: Date 1577836800000}"));
    }

    private static async Task<List<string>> DifferencesAsync(Target target, string path)
    {
        await using var restored = await Restored.OpenAsync(target);
        using var source = DumpSource.Open(path, null, Path.GetTempPath());
        var differences = new List<string>();
        foreach (var (name, documents) in Given.ReadAll(source))
        {
            if (restored.Catalog.FindByOrigin(name) is { } table)
            {
                differences.AddRange((await restored.CompareAsync(table, documents, source.IsExport)).Select(d => $"{name} {d}"));
            }
        }
        return differences;
    }
}

/// <summary>Reads rows back as documents.</summary>
internal sealed class Restored : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;
    private readonly NpgsqlConnection _connection;

    private Restored(NpgsqlDataSource database, NpgsqlConnection connection, CatalogSnapshot catalog)
    {
        _database = database;
        _connection = connection;
        Catalog = catalog;
    }

    public CatalogSnapshot Catalog { get; }

    public static async Task<Restored> OpenAsync(Target target)
    {
        var database = NpgsqlDataSource.Create(target.Database.ConnectionString);
        using var listener = new Listener(target.Database.ConnectionString, NullLogger<Listener>.Instance);
        using var live = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance);
        return new Restored(database, await database.OpenConnectionAsync(), await live.GetAsync());
    }

    public async Task<string> ShowAsync(string origin, string id)
    {
        var shown = "";
        await new RowRestorer(Catalog.FindByOrigin(origin)!).ReadAsync(_connection, [id], (_, document) => shown = Given.Show(document), CancellationToken.None);
        return shown;
    }

    public async Task<List<string>> CompareAsync(Table table, List<byte[]> documents, bool export)
    {
        var fields = new CanonicalFields(table, export);
        var (one, other) = (new CanonicalDocument(fields), new CanonicalDocument(fields));
        var id = new Buffer(64);
        var wanted = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var number = 0;
        foreach (var document in documents)
        {
            one.Read(document, ++number, new RuleCounts(), id);
            wanted[System.Text.Encoding.UTF8.GetString(id.Written)] = document;
        }
        var differences = new List<string>();
        await new RowRestorer(table).ReadAsync(_connection, [.. wanted.Keys], (found, document) =>
        {
            wanted.Remove(found, out var source);
            _ = new BsonReader(document);
            one.Read(source, 0, new RuleCounts(), id);
            other.Read(document, 0, null, id);
            if (one.Hash != other.Hash)
            {
                differences.Add($"{found}\n  {Given.Show(source)}\n  {Given.Show(document)}");
            }
        }, CancellationToken.None);
        differences.AddRange(wanted.Keys.Select(k => $"{k} has no row"));
        return differences;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }
}
