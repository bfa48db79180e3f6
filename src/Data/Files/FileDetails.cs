using System.Text.Json;

namespace Backend.Data.Files;

/// <summary>What is kept beside a file's bytes.</summary>
/// <param name="ContentType">The media type that it was uploaded with, or null.</param>
/// <param name="Metadata">An object, or null.</param>
/// <param name="Tags">An object, or null.</param>
public sealed record FileDetails(string? ContentType = null, JsonElement? Metadata = null, JsonElement? Tags = null)
{
    /// <summary>Nothing is known.</summary>
    public static FileDetails None { get; } = new();
}

/// <summary>A stored file, opened for reading. Disposing it closes the stream.</summary>
/// <param name="Content">The bytes; seekable.</param>
/// <param name="Length">How many.</param>
/// <param name="Version">Changes when the file is replaced by one of the same name; letters and digits.</param>
public sealed record OpenFile(Stream Content, long Length, string Version) : IAsyncDisposable
{
    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
