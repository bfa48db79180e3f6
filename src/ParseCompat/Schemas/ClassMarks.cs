using Npgsql;

namespace Backend.ParseCompat.Schemas;

/// <summary>
/// System classes that clients made, emptied or deleted. Their tables are there from the start and stay; what is marked here is whether they are
/// shown while they have no rows and no fields of their own.
/// </summary>
internal sealed class ClassMarks(NpgsqlDataSource database)
{
    /// <summary>The marked classes: true for those that are shown without rows, false for those that are not.</summary>
    public async Task<IReadOnlyDictionary<string, bool>> ReadAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select name, false from parse_compat.hidden_classes union all select name, true from parse_compat.shown_classes");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var marks = new Dictionary<string, bool>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            marks[reader.GetString(0)] = reader.GetBoolean(1);
        return marks;
    }

    /// <summary>Notes that a class was made or emptied.</summary>
    public Task ShowAsync(string className, CancellationToken cancellation) => RunAsync("""
        with gone as (delete from parse_compat.hidden_classes where name = $1)
        insert into parse_compat.shown_classes (name) values ($1) on conflict do nothing
        """, className, cancellation);

    /// <summary>Notes that a class was deleted.</summary>
    public Task HideAsync(string className, CancellationToken cancellation) => RunAsync("""
        with gone as (delete from parse_compat.shown_classes where name = $1)
        insert into parse_compat.hidden_classes (name) values ($1) on conflict do nothing
        """, className, cancellation);

    private async Task RunAsync(string sql, string className, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = className });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
