using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Files;

/// <summary>
/// Says at start when the folder is not the one that this deployment's files are in: a second machine with a folder of its own, or a folder that was not restored
/// with the database. The folder's id stands in its file <c>.store</c> and in the database. Also removes what broken uploads left.
/// </summary>
internal sealed class FileStoreCheck(DiskFileStore store, NpgsqlDataSource database, TimeProvider time, ILogger<FileStoreCheck> logger) : IHostedService
{
    private static readonly TimeSpan LongestUpload = TimeSpan.FromDays(1);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(store.Root);
            var id = await ReadIdAsync(cancellationToken);
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var known = await connection.ExecuteScalarAsync<Guid>(new CommandDefinition("""
                with made as (insert into catalog.file_store (id) values (@id) on conflict (only_row) do nothing returning id)
                select id from made union all select id from catalog.file_store limit 1
                """, new { id }, cancellationToken: cancellationToken));
            if (known != id)
                Log.ForeignFileStore(logger, store.Root, id, known);
            RemoveLeftovers();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Everything but files works without it.
            Log.FileStoreUnusable(logger, e, store.Root);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<Guid> ReadIdAsync(CancellationToken cancellation)
    {
        var path = Path.Combine(store.Root, ".store");
        for (var attempt = 0; ; attempt++)
        {
            if (File.Exists(path) && Guid.TryParse(await File.ReadAllTextAsync(path, cancellation), out var id))
                return id;
            // Two processes that start together: the first to put its file there wins.
            var temporary = $"{path}-{Guid.NewGuid():N}";
            await File.WriteAllTextAsync(temporary, Guid.NewGuid().ToString(), cancellation);
            try
            {
                File.Move(temporary, path);
            }
            catch (IOException) when (attempt == 0 && File.Exists(path))
            {
                File.Delete(temporary);
            }
        }
    }

    private void RemoveLeftovers()
    {
        if (!Directory.Exists(store.Incoming))
            return;
        var limit = time.GetUtcNow().UtcDateTime - LongestUpload;
        foreach (var file in new DirectoryInfo(store.Incoming).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < limit)
                file.Delete();
        }
    }
}
