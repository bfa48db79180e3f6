using Backend.Data.Catalog;
using Npgsql;

namespace Backend.ParseCompat.Hooks;

/// <summary>The hooks in the database (schema <c>parse_compat</c>). A change is answered when every process knows it.</summary>
internal sealed class HookStore(NpgsqlDataSource database, LiveCatalog catalog)
{
    private const string IsFunction = "function_name = $1";
    private const string IsTrigger = "class_name = $1 and trigger_name = $2";

    /// <summary>All functions, or all triggers, in the order of their making.</summary>
    public async ValueTask<List<Hook>> ListAsync(bool functions, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await ReadAsync(connection, functions ? "function_name is not null" : "class_name is not null", [], cancellation);
    }

    /// <summary>One hook by its name, whatever its address; null when there is none.</summary>
    public async ValueTask<Hook?> FindAsync(Hook named, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await FindAsync(connection, named, cancellation);
    }

    /// <summary>Adds a hook; false: there is one of its name.</summary>
    public async ValueTask<bool> AddAsync(Hook hook, CancellationToken cancellation)
    {
        var isNew = false;
        await catalog.ChangeFollowedAsync(
            async connection =>
            {
                isNew = await FindAsync(connection, hook, CancellationToken.None) is null;
                if (isNew)
                {
                    await ExecuteAsync(connection, "insert into parse_compat.hooks (function_name, class_name, trigger_name, url) values ($1, $2, $3, $4)",
                        hook.FunctionName, hook.ClassName, hook.TriggerName, hook.Url);
                }

                return isNew;
            },
            cancellation);
        return isNew;
    }

    /// <summary>Gives a hook another address; false: there is none of its name.</summary>
    public async ValueTask<bool> ReplaceAsync(Hook hook, CancellationToken cancellation)
    {
        var isThere = false;
        await catalog.ChangeFollowedAsync(
            async connection =>
            {
                string?[] names = Names(hook);
                var sql = $"update parse_compat.hooks set url = ${names.Length + 1}, imported = false where {Where(hook)}";
                return isThere = await ExecuteAsync(connection, sql, [.. names, hook.Url]) > 0;
            },
            cancellation);
        return isThere;
    }

    /// <summary>Removes a hook, if there is one of its name.</summary>
    public Task RemoveAsync(Hook named, CancellationToken cancellation) =>
        catalog.ChangeFollowedAsync(async connection => await ExecuteAsync(connection, $"delete from parse_compat.hooks where {Where(named)}", Names(named)) > 0, cancellation);

    /// <summary>Reads hooks; <paramref name="condition"/> is a constant of the program.</summary>
    internal static async Task<List<Hook>> ReadAsync(NpgsqlConnection connection, string condition, string?[] parameters, CancellationToken cancellation)
    {
        await using var command = Command(connection, $"select function_name, class_name, trigger_name, url from parse_compat.hooks where {condition} order by number", parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var hooks = new List<Hook>();
        while (await reader.ReadAsync(cancellation))
            hooks.Add(new Hook(Text(reader, 0), Text(reader, 1), Text(reader, 2), reader.GetString(3)));
        return hooks;
    }

    private static async Task<Hook?> FindAsync(NpgsqlConnection connection, Hook named, CancellationToken cancellation) =>
        (await ReadAsync(connection, Where(named), Names(named), cancellation)).FirstOrDefault();

    private static string Where(Hook hook) => hook.FunctionName is not null ? IsFunction : IsTrigger;

    private static string?[] Names(Hook hook) => hook.FunctionName is not null ? [hook.FunctionName] : [hook.ClassName, hook.TriggerName];

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, params string?[] parameters)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, string?[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = parameter });
        return command;
    }

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
}
