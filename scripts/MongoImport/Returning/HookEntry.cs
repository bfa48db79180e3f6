using Npgsql;

namespace Backend.MongoImport.Returning;

/// <summary>A web hook: of a function, or of a class and a trigger.</summary>
internal sealed record HookEntry(string? Function, string? Class, string? Trigger, string Url)
{
    /// <summary>Whether both are called at the same occasion.</summary>
    public bool IsSameAs(HookEntry other) => (Function, Class, Trigger) == (other.Function, other.Class, other.Trigger);

    /// <summary>All of them; none when the old dialect has been removed.</summary>
    public static async Task<List<HookEntry>> ReadAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var hooks = new List<HookEntry>();
        await using (var ask = new NpgsqlCommand("select to_regclass('parse_compat.hooks') is null", connection))
        {
            if (await ask.ExecuteScalarAsync(stop) is true)
            {
                return hooks;
            }
        }
        await using var command = new NpgsqlCommand("select function_name, class_name, trigger_name, url from parse_compat.hooks order by number", connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            string? Text(int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);
            hooks.Add(new HookEntry(Text(0), Text(1), Text(2), reader.GetString(3)));
        }
        return hooks;
    }
}
