using Backend.Data.Files;
using Backend.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Tests.Files;

[TestFixture]
public sealed class FileStoreCheckTests
{
    [Test]
    public async Task A_folder_that_is_not_the_deployments_is_told_at_start()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var pool = NpgsqlDataSource.Create(database.ConnectionString);
        var first = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
        var second = first + "-2";
        try
        {
            Assert.That(await StartAsync(pool, first), Is.Empty);
            Assert.That(await StartAsync(pool, first), Is.Empty, "another process on the same machine");
            Assert.That(await StartAsync(pool, second), Has.Exactly(1).Contains(second), "a machine with a folder of its own");
            Assert.That(await StartAsync(pool, "/proc/files"), Has.Exactly(1).Contains("Files:Directory"));

            var left = Directory.CreateDirectory(Path.Combine(first, ".incoming")).FullName;
            await File.WriteAllTextAsync(Path.Combine(left, "old"), "x");
            File.SetLastWriteTimeUtc(Path.Combine(left, "old"), DateTime.UtcNow.AddDays(-2));
            await File.WriteAllTextAsync(Path.Combine(left, "new"), "x");
            await StartAsync(pool, first);
            Assert.That(Directory.GetFiles(left).Select(Path.GetFileName), Is.EqualTo(["new"]));
        }
        finally
        {
            Directory.Delete(first, recursive: true);
            Directory.Delete(second, recursive: true);
        }
    }

    private static async Task<List<string>> StartAsync(NpgsqlDataSource pool, string folder)
    {
        var log = new Lines();
        await new FileStoreCheck(new DiskFileStore(Options.Create(new FilesOptions { Directory = folder })), pool, TimeProvider.System, log).StartAsync(default);
        return log.All;
    }

    private sealed class Lines : ILogger<FileStoreCheck>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add(formatter(state, exception));
    }
}
