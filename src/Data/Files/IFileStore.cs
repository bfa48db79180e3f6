namespace Backend.Data.Files;

/// <summary>
/// Keeps files by name (design sections 2 and 15). A row refers to a file by its name alone; what belongs to the file travels with it, not with
/// a row. Names may hold slashes; <see cref="FileName.IsStorable"/> says which can be kept.
/// </summary>
public interface IFileStore
{
    /// <summary>Stores a file as it is read. It is there under its name when it is there whole and on disk, and replaces an older one.</summary>
    /// <returns>How many bytes it has.</returns>
    /// <exception cref="Refusal"><see cref="RefusalKind.LimitExceeded"/>: more bytes than allowed; <see cref="RefusalKind.InvalidValue"/>: the name or the details.</exception>
    Task<long> SaveAsync(string name, Stream content, FileDetails details, long maxBytes, CancellationToken cancellation);

    /// <summary>Opens a file; null: there is none of this name.</summary>
    ValueTask<OpenFile?> OpenAsync(string name, CancellationToken cancellation);

    /// <summary>What is kept beside a file; null: there is none of this name.</summary>
    ValueTask<FileDetails?> ReadDetailsAsync(string name, CancellationToken cancellation);

    /// <summary>Deletes a file; false: there is none of this name.</summary>
    ValueTask<bool> DeleteAsync(string name, CancellationToken cancellation);
}
