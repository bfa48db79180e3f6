using Npgsql;

namespace Backend.ParseCompat.Schemas;

/// <summary>System classes whose schema a client deleted. Their tables stay; they are not shown as long as they have no rows and no fields of their own.</summary>
internal sealed class HiddenClasses(NpgsqlDataSource database)
{
    /// <summary>Whether a class was deleted.</summary>
    public async Task<bool> ContainsAsync(string className, CancellationToken cancellation)
    {
        await using var command = Command("select exists (select from parse_compat.hidden_classes where name = $1)", className);
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Notes that a class was deleted.</summary>
    public async Task AddAsync(string className, CancellationToken cancellation)
    {
        await using var command = Command("insert into parse_compat.hidden_classes (name) values ($1) on conflict do nothing", className);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Shows a class again, which a client made anew.</summary>
    public async Task RemoveAsync(string className, CancellationToken cancellation)
    {
        await using var command = Command("delete from parse_compat.hidden_classes where name = $1", className);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private NpgsqlCommand Command(string sql, string className)
    {
        var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = className });
        return command;
    }
}
