using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Files;

/// <summary>Where files are kept and how large they may be: section <c>Files</c>.</summary>
public sealed class FilesOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Files";

    /// <summary>The folder, absolute or below the working directory. It is made by the first upload.</summary>
    [Required]
    public string Directory { get; set; } = "files";

    /// <summary>The largest file in bytes. A proxy in front must let as much through.</summary>
    [Range(1, 1L << 40)]
    public long MaxBytes { get; set; } = 20 * 1024 * 1024;

    /// <summary>The most bytes of metadata and tags of a file, as JSON.</summary>
    [Range(2, 1024 * 1024)]
    public int MaxDetailsBytes { get; set; } = 16 * 1024;

    /// <summary>
    /// Whether browsers may show files that can hold scripts (HTML, SVG, XML). Otherwise they are offered for download: shown, they would run
    /// with the rights of a page of this server.
    /// </summary>
    public bool ShowActiveContent { get; set; }
}
