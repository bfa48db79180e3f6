using System.Text.Json;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Verifying;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>A database of its own and the importer aimed at it.</summary>
internal sealed class Target : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = Given.Folder();

    private Target(TestDatabase database) => Database = database;

    public TestDatabase Database { get; }

    public string RejectFile => Path.Combine(_folder.Path, "rejects.jsonl");

    public static async Task<Target> CreateAsync() => new(await TestDatabase.CreateAsync());

    public Task<ImportReport> ImportAsync(string source, params string[] replace) => ImportAsync(source, options => options with { Replace = [.. replace] });

    public Task<ImportReport> ImportAsync(string source, ImportRules rules) => ImportAsync(source, options => options with { Rules = rules });

    /// <summary>Imports with further options.</summary>
    public Task<ImportReport> ImportAsync(string source, Func<ImportOptions, ImportOptions> with) =>
        ImportAsync(with(new ImportOptions(source, Database.ConnectionString) { Rejects = RejectFile, Temporary = _folder.Path, Files = new FileImportOptions { Folder = Path.Combine(_folder.Path, "files") } }));

    /// <summary>Imports, and hears what the progress says.</summary>
    public async Task<ImportReport> ImportAsync(string source, Func<ImportOptions, ImportOptions> with, TextWriter said, CancellationToken stop = default)
    {
        using var progress = new Progress(said, terminal: false);
        return await new Importer(with(new ImportOptions(source, Database.ConnectionString) { Rejects = RejectFile, Temporary = _folder.Path }), progress).RunAsync(stop);
    }

    public static async Task<ImportReport> ImportAsync(ImportOptions options)
    {
        using var progress = new Progress(TextWriter.Null, terminal: false);
        return await new Importer(options, progress).RunAsync(CancellationToken.None);
    }

    /// <summary>Imports exported files, by name and content.</summary>
    public async Task<ImportReport> ImportAsync(params (string Name, string Text)[] files)
    {
        using var folder = Given.Folder();
        foreach (var (name, text) in files)
        {
            folder.Write(name, text);
        }
        return await ImportAsync(folder.Path);
    }

    /// <summary>Compares a source with what was imported.</summary>
    public async Task<VerifyReport> VerifyAsync(string source, Func<VerifyOptions, VerifyOptions>? with = null)
    {
        var options = new VerifyOptions(source, Database.ConnectionString) { Temporary = _folder.Path };
        using var progress = new Progress(TextWriter.Null, terminal: false);
        return await new Verifier(with?.Invoke(options) ?? options, progress, TimeProvider.System).RunAsync(CancellationToken.None);
    }

    /// <summary>One value.</summary>
    public Task<T?> Get<T>(string sql) => Database.ScalarAsync<T>(sql);

    /// <summary>One row as JSON text, keys as PostgreSQL prints them.</summary>
    public async Task<JsonElement> Row(string relation, string id) =>
        JsonDocument.Parse((await Get<string>($"select row_to_json(t)::text from app.\"{relation}\" t where id = '{id}'"))!).RootElement;

    /// <summary>A check sum of every table of schema app, order of rows apart, and what the catalog and PostgreSQL say about them, a line each.</summary>
    public async Task<string[]> LinesAsync() => [.. (await CheckSumsAsync()).SelectMany(s => s.Value.Split('\n').Select(line => $"{s.Key}: {line}"))];

    /// <summary>The same by table.</summary>
    public async Task<SortedDictionary<string, string>> CheckSumsAsync()
    {
        var sums = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var relations = await Get<string[]>("select array_agg(relname::text) from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'");
        foreach (var relation in relations!)
        {
            sums[relation] = (await Get<string>($"select count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' order by t::text)), '') from app.\"{relation}\" t"))!;
        }
        sums["(fields)"] = (await Get<string>("""
            select string_agg(concat_ws(' ', t.origin, t.relation, t.permissions, f.name, f.kind, f.target, f.column_name, f.required, f.default_value, f.has_rest, f.indexed), chr(10) order by t.origin, f.name)
            from catalog.tables t left join catalog.fields f on f.table_number = t.number
            """))!;
        sums["(indexes)"] = (await Get<string>("select string_agg(indexdef, chr(10) order by indexdef) from pg_indexes where schemaname = 'app'"))!;
        sums["(constraints)"] = (await Get<string>("select string_agg(conname || conrelid::regclass || pg_get_constraintdef(oid), chr(10) order by conname, oid::text) from pg_constraint where connamespace = 'app'::regnamespace and contype <> 't'"))!
            .Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        sums["(triggers)"] = (await Get<string>("select string_agg(pg_get_triggerdef(oid), chr(10) order by pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal"))!;
        return sums;
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await Database.DisposeAsync();
    }
}
