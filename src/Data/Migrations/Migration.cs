using System.Security.Cryptography;
using System.Text;

namespace Backend.Data.Migrations;

/// <summary>A numbered SQL file of this folder.</summary>
/// <param name="Number">The number its name begins with; the order of application.</param>
/// <param name="Name">The file's name without extension.</param>
/// <param name="Sql">Its text.</param>
internal sealed record Migration(int Number, string Name, string Sql)
{
    private const string AloneMark = "-- alone";

    /// <summary>Whether it must run outside a transaction (its first line says <c>-- alone</c>), as <c>create index concurrently</c> asks.</summary>
    public bool Alone => Sql.StartsWith(AloneMark, StringComparison.Ordinal);

    /// <summary>SHA-256 of the text, in hex: an applied file must not change.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>All files, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } = Read();

    private static List<Migration> Read()
    {
        const string folder = "migrations/";
        var assembly = typeof(Migration).Assembly;
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var name = Path.GetFileNameWithoutExtension(resource[folder.Length..]);
            migrations.Add(new Migration(int.Parse(name[..4], System.Globalization.CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        return migrations;
    }
}
