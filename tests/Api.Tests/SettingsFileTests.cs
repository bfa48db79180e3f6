using System.Diagnostics;
using System.Text.Json;
using Backend.Testing;

namespace Backend.Api.Tests;

/// <summary>Where the program finds its settings.</summary>
internal sealed class SettingsFileTests
{
    [Test]
    public async Task Settings_are_those_beside_the_program_from_wherever_it_is_started()
    {
        await using var database = await TestDatabase.CreateAsync();
        var program = typeof(Program).Assembly.Location;
        var environment = "Elsewhere" + Guid.NewGuid().ToString("N");
        var settings = Path.Combine(Path.GetDirectoryName(program)!, $"appsettings.{environment}.json");
        await File.WriteAllTextAsync(settings, JsonSerializer.Serialize(new { ConnectionStrings = new { Database = database.ConnectionString } }));
        try
        {
            var start = new ProcessStartInfo("dotnet", [program, "migrate", "--environment", environment])
            {
                WorkingDirectory = Path.GetTempPath(),
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.That((process.ExitCode, await output, await errors), Is.EqualTo((0, "The database is up to date.\n", "")));
        }
        finally
        {
            File.Delete(settings);
        }
    }
}
