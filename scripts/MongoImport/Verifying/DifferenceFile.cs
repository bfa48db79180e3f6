using System.Text.Encodings.Web;
using System.Text.Json;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Verifying;

/// <summary>All differences that nothing explains, one JSON object a line.</summary>
internal static class DifferenceFile
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the file, also with the files that only the store has; which only its owner may read: it holds an app's data.</summary>
    public static void Write(string path, VerifyReport report)
    {
        using var file = PrivateFile.Create(path, FileMode.Create);
        foreach (var difference in report.Classes.SelectMany(c => c.Differences.Kept))
        {
            using (var writer = new Utf8JsonWriter(file, Options))
            {
                writer.WriteStartObject();
                writer.WriteString("kind", JsonNamingPolicy.KebabCaseLower.ConvertName(difference.Kind.ToString()));
                writer.WriteString("class", difference.ClassName);
                writer.WriteString("id", difference.Id);
                Text(writer, "field", difference.Field);
                Text(writer, "source", difference.Source);
                Text(writer, "row", difference.Row);
                if (difference.WrittenAfterImport)
                {
                    writer.WriteBoolean("writtenAfterImport", true);
                }
                writer.WriteEndObject();
            }
            file.WriteByte((byte)'\n');
        }
        foreach (var name in report.Classes.SelectMany(c => c.Extra))
        {
            using (var writer = new Utf8JsonWriter(file, Options))
            {
                writer.WriteStartObject();
                writer.WriteString("kind", Rule.FileExtra.Key());
                writer.WriteString("class", FileVerifier.Name);
                writer.WriteString("id", name);
                writer.WriteEndObject();
            }
            file.WriteByte((byte)'\n');
        }
    }

    private static void Text(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
