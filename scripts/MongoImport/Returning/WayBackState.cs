using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Changes;
using Npgsql;
using NpgsqlTypes;

namespace Backend.MongoImport.Returning;

/// <summary>The row of <c>catalog.way_back</c>: how far our changes have been brought to the old database.</summary>
/// <param name="Position">Where reading the feed goes on.</param>
/// <param name="Schemas">Of each class the hash of its schema as it was last written there.</param>
/// <param name="Hooks">The web hooks that are there.</param>
/// <param name="Written">Documents written and deleted so far.</param>
internal sealed record WayBackState(FeedPosition Position, Dictionary<string, string> Schemas, List<HookEntry> Hooks, long Written)
{
    /// <summary>The name under which the way back listens to the feed.</summary>
    public const string Listener = "way back";

    /// <summary>
    /// From now on every change can be brought back: listens to all tables and notes where that begins. Part of a change of the catalog
    /// (<see cref="LiveCatalog.ChangeFollowedAsync"/>), before writes are opened; a way back that was prepared earlier begins anew. At this moment the old database must
    /// hold what this one holds.
    /// </summary>
    /// <param name="feed">The feed of the database.</param>
    /// <param name="connection">The change's connection.</param>
    /// <param name="catalog">The catalog as it is now.</param>
    /// <param name="stop">Cancels.</param>
    public static async Task PrepareAsync(ChangeFeed feed, NpgsqlConnection connection, CatalogSnapshot catalog, CancellationToken stop)
    {
        var position = await feed.EnableAllAsync(connection, Listener, stop);
        var hooks = await HookEntry.ReadAsync(connection, stop);
        await using var command = new NpgsqlCommand("""
            insert into catalog.way_back (position, schemas, hooks) values ($1, $2, $3)
            on conflict (only_row) do update set position = $1, schemas = $2, hooks = $3, written = 0, prepared_at = now(), returned_at = null, finished_at = null
            """, connection);
        Add(command, position, SchemaReturner.HashesOf(catalog), hooks);
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Reads it; null when nothing was prepared.</summary>
    public static async Task<WayBackState?> ReadAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand("select position, schemas::text, hooks::text, written from catalog.way_back");
        await using var reader = await command.ExecuteReaderAsync(stop);
        return !await reader.ReadAsync(stop) ? null : new WayBackState(FeedPosition.Parse(reader.GetString(0)), JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(1))!,
            JsonSerializer.Deserialize<List<HookEntry>>(reader.GetString(2))!, reader.GetInt64(3));
    }

    /// <summary>Stores it: what is before its position has been acknowledged by the old database.</summary>
    public async Task SaveAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand("update catalog.way_back set position = $1, schemas = $2, hooks = $3, written = $4, returned_at = now()");
        Add(command, Position, Schemas, Hooks);
        command.Parameters.Add(new NpgsqlParameter { Value = Written });
        await command.ExecuteNonQueryAsync(stop);
    }

    private static void Add(NpgsqlCommand command, FeedPosition position, Dictionary<string, string> schemas, List<HookEntry> hooks)
    {
        command.Parameters.Add(new NpgsqlParameter { Value = position.ToString() });
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(schemas), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(hooks), NpgsqlDbType = NpgsqlDbType.Jsonb });
    }
}
