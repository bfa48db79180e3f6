using Backend.Data.Migrations;
using Npgsql;

namespace Backend.Api.Hosting;

/// <summary><c>dotnet Backend.Api.dll migrate</c>: brings the database of <c>ConnectionStrings:Database</c> up to date and ends.</summary>
internal static class MigrateCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var configuration = HostingExtensions.CreateBuilder(args).Configuration;
        var connectionString = configuration.GetConnectionString("Database");
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            await Console.Error.WriteLineAsync("The setting ConnectionStrings:Database is missing: the connection string of the PostgreSQL database.");
            return 1;
        }

        try
        {
            var applied = await MigrationRunner.RunAsync(connectionString);
            foreach (var name in applied)
                Console.WriteLine($"applied {name}");
            Console.WriteLine(applied.Count == 0 ? "The database is up to date." : $"{applied.Count} migrations applied.");
            return 0;
        }
        catch (NpgsqlException e)
        {
            await Console.Error.WriteLineAsync($"The migration failed: {e.Message}");
            return 1;
        }
    }
}
