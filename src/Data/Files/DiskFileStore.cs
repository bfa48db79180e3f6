using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Backend.Data.Files;

/// <summary>
/// Files in a folder of this machine: a file's name there is its name, so that the folder of an older server, or the keys of a bucket, can be copied in
/// as they are. What begins with a dot is the store's own: <c>.incoming</c> for files on their way, <c>.details</c> for what is known beside the bytes.
/// </summary>
internal sealed class DiskFileStore(IOptions<FilesOptions> options) : IFileStore
{
    private const int BufferSize = 128 * 1024;
    private const UnixFileMode ForOwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly string _root = Path.GetFullPath(options.Value.Directory);
    private readonly int _maxDetails = options.Value.MaxDetailsBytes;

    /// <summary>The folder, absolute.</summary>
    public string Root => _root;

    /// <summary>Where files are until they are whole.</summary>
    public string Incoming => Path.Combine(_root, ".incoming");

    /// <inheritdoc/>
    public async Task<long> SaveAsync(string name, Stream content, FileDetails details, long maxBytes, CancellationToken cancellation)
    {
        var path = PathOf(name) ?? throw new Refusal(RefusalKind.InvalidValue, "A file cannot have this name.");
        var packed = Pack(name, details);
        Directory.CreateDirectory(Incoming);
        var temporary = Path.Combine(Incoming, Guid.CreateVersion7().ToString("N"));
        try
        {
            long length;
            await using (var file = New(temporary))
            {
                length = await CopyAsync(content, file, maxBytes, cancellation);
                await Task.Run(() => file.Flush(flushToDisk: true), CancellationToken.None);
            }

            // The details first: whoever sees the file sees what belongs to it.
            await SaveDetailsAsync(name, packed);
            await Task.Run(() => Publish(temporary, path), CancellationToken.None);
            return length;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public ValueTask<OpenFile?> OpenAsync(string name, CancellationToken cancellation)
    {
        if (PathOf(name) is not { } path)
            return default;
        try
        {
            var stream = new FileStream(path, new FileStreamOptions
            {
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
                BufferSize = 0,
            });
            var written = File.GetLastWriteTimeUtc(stream.SafeFileHandle);
            var version = string.Create(CultureInfo.InvariantCulture, $"{stream.Length:x}-{written.Ticks:x}");
            return new(new OpenFile(stream, stream.Length, version));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException && !File.Exists(path))
        {
            return default;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<FileDetails?> ReadDetailsAsync(string name, CancellationToken cancellation)
    {
        if (PathOf(name) is not { } path || !File.Exists(path))
            return null;
        try
        {
            var bytes = await File.ReadAllBytesAsync(DetailsPathOf(name), cancellation);
            using var json = JsonDocument.Parse(bytes);
            var root = json.RootElement;
            return new FileDetails(
                root.TryGetProperty("contentType", out var type) ? type.GetString() : null,
                root.TryGetProperty("metadata", out var metadata) ? metadata.Clone() : null,
                root.TryGetProperty("tags", out var tags) ? tags.Clone() : null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return FileDetails.None;
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancellation)
    {
        if (PathOf(name) is not { } path || !File.Exists(path))
            return new(false);
        File.Delete(path);
        var details = DetailsPathOf(name);
        if (File.Exists(details))
            File.Delete(details);
        return new(true);
    }

    private static async Task<long> CopyAsync(Stream content, FileStream file, long maxBytes, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var length = 0L;
            while (await content.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                length += read;
                if (length > maxBytes)
                    throw new Refusal(RefusalKind.LimitExceeded, $"The file is larger than {maxBytes} bytes.");
                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }

            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static FileStream New(string path)
    {
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = ForOwnerAndGroup;
        return new FileStream(path, how);
    }

    private static void Publish(string temporary, string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        if (Directory.Exists(path))
            throw new Refusal(RefusalKind.InvalidValue, "A file cannot have this name: there are files below it.");
        File.Move(temporary, path, overwrite: true);
        FolderSync.Flush(folder);
    }

    private async Task SaveDetailsAsync(string name, byte[]? packed)
    {
        var path = DetailsPathOf(name);
        if (packed is null)
        {
            if (File.Exists(path))
                File.Delete(path);
            return;
        }

        var temporary = Path.Combine(Incoming, Guid.CreateVersion7().ToString("N"));
        await using (var file = New(temporary))
        {
            await file.WriteAsync(packed);
            await Task.Run(() => file.Flush(flushToDisk: true));
        }

        await Task.Run(() => Publish(temporary, path));
    }

    /// <summary>The details as they are kept; null: the name says it all.</summary>
    private byte[]? Pack(string name, FileDetails details)
    {
        var isNamed = details.ContentType is null || MediaTypes.Bare(details.ContentType) is var bare && (bare == MediaTypes.Of(name) || bare == MediaTypes.Unknown);
        if (isNamed && IsEmpty(details.Metadata) && IsEmpty(details.Tags))
            return null;
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            if (details.ContentType is { } type)
                writer.WriteString("contentType"u8, type);
            Write(writer, "metadata"u8, details.Metadata);
            Write(writer, "tags"u8, details.Tags);
            writer.WriteEndObject();
        }

        return stream.Length <= _maxDetails
            ? stream.ToArray()
            : throw new Refusal(RefusalKind.LimitExceeded, $"Metadata and tags of a file have more than {_maxDetails} bytes.");

        static bool IsEmpty(JsonElement? value) => value is not { ValueKind: JsonValueKind.Object } json || !json.EnumerateObject().Any();

        static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, JsonElement? value)
        {
            if (IsEmpty(value))
                return;
            writer.WritePropertyName(name);
            value!.Value.WriteTo(writer);
        }
    }

    private string? PathOf(string name) => FileName.IsStorable(name) ? Path.Combine(_root, name) : null;

    private string DetailsPathOf(string name) => Path.Combine(_root, ".details", name + ".json");
}
