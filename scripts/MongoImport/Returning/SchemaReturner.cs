using System.Security.Cryptography;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Restoring;
using Npgsql;

namespace Backend.MongoImport.Returning;

/// <summary>Brings what the catalog says of classes, and the web hooks, to <c>_SCHEMA</c> and <c>_Hooks</c>: only what has changed.</summary>
internal sealed class SchemaReturner(NpgsqlDataSource database, TargetWriter target, TargetReader reader, string prefix)
{
    private long _version;

    /// <summary>Of each class the hash of its schema.</summary>
    public static Dictionary<string, string> HashesOf(CatalogSnapshot catalog) => catalog.Tables.ToDictionary(t => t.Origin, t => Hash(Document(t)), StringComparer.Ordinal);

    /// <summary>Writes what differs from what is there.</summary>
    /// <returns>What is there now.</returns>
    public async Task<WayBackState> RunAsync(CatalogSnapshot catalog, WayBackState state, CancellationToken stop)
    {
        state = await ReturnHooksAsync(state, stop);
        if (catalog.Version == _version)
        {
            return state;
        }
        var schemas = new Dictionary<string, string>(state.Schemas, StringComparer.Ordinal);
        var writes = new List<LiveWrite>();
        foreach (var table in catalog.Tables)
        {
            var document = Document(table);
            var hash = Hash(document);
            if (schemas.GetValueOrDefault(table.Origin) == hash)
            {
                continue;
            }
            if (!schemas.ContainsKey(table.Origin))
            {
                await target.EnsureAsync(prefix + table.Origin, stop);
            }
            writes.Add(new LiveWrite(BsonIds.Of(table.Origin), document));
            schemas[table.Origin] = hash;
        }
        foreach (var origin in schemas.Keys.Where(o => catalog.FindByOrigin(o) is null).ToList())
        {
            await DropAsync(origin, stop);
            writes.Add(new LiveWrite(BsonIds.Of(origin), null));
            schemas.Remove(origin);
        }
        await target.WriteAsync(prefix + "_SCHEMA", writes, stop);
        _version = catalog.Version;
        return state with { Schemas = schemas };
    }

    // A class with its relations, whose names only its join collections know by now.
    private async Task DropAsync(string origin, CancellationToken stop)
    {
        var joins = (await reader.CountAsync(stop)).Keys
            .Where(c => c.StartsWith(prefix + "_Join:", StringComparison.Ordinal) && c.EndsWith(":" + origin, StringComparison.Ordinal));
        foreach (var collection in joins.Append(prefix + origin))
        {
            await target.DropAsync(collection, stop);
        }
    }

    private async Task<WayBackState> ReturnHooksAsync(WayBackState state, CancellationToken stop)
    {
        List<HookEntry> hooks;
        await using (var connection = await database.OpenConnectionAsync(stop))
        {
            hooks = await HookEntry.ReadAsync(connection, stop);
        }
        var writes = state.Hooks.Where(old => !hooks.Exists(h => h.IsSameAs(old))).Select(old => new LiveWrite(Key(old), null))
            .Concat(hooks.Where(h => !state.Hooks.Contains(h)).Select(h => new LiveWrite(Key(h), Document(h)))).ToList();
        await target.WriteAsync(prefix + "_Hooks", writes, stop);
        return writes.Count == 0 ? state : state with { Hooks = hooks };
    }

    private static byte[] Key(HookEntry hook) => hook.Function is { } function
        ? BsonIds.Texts(("functionName", function))
        : BsonIds.Texts(("className", hook.Class!), ("triggerName", hook.Trigger!));

    private static byte[] Document(HookEntry hook) => hook.Function is { } function
        ? BsonIds.Texts(("functionName", function), ("url", hook.Url))
        : BsonIds.Texts(("className", hook.Class!), ("triggerName", hook.Trigger!), ("url", hook.Url));

    private static byte[] Document(Table table)
    {
        var writer = new BsonWriter();
        SchemaRestorer.Restore(table, writer);
        return writer.Written.ToArray();
    }

    private static string Hash(byte[] document) => Convert.ToHexStringLower(SHA256.HashData(document))[..32];
}
