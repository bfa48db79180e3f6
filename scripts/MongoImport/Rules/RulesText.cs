using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Backend.MongoImport.Rules;

/// <summary>Rules in one form whatever their file looked like, for keeping and comparing: the same rules are the same text.</summary>
internal static class RulesText
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text; empty when nothing is settled.</summary>
    public static string Of(ImportRules rules)
    {
        if (!rules.Classes.Values.Any(IsSaid) && !rules.SkipFiles)
        {
            return "";
        }
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, Readable))
        {
            writer.WriteStartObject();
            if (rules.SkipFiles)
            {
                writer.WriteStartObject("files");
                writer.WriteBoolean("skip", true);
                writer.WriteEndObject();
            }
            writer.WriteStartObject("classes");
            foreach (var (name, rule) in rules.Classes.Where(c => IsSaid(c.Value)).OrderBy(c => c.Key, StringComparer.Ordinal))
            {
                writer.WriteStartObject(name);
                Write(writer, rule);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(json.WrittenSpan);
    }

    // What only check looks at has no effect on rows, and is not kept.
    private static bool IsSaid(ClassRule rule) => rule.Skip || rule.FirstWins || rule.Rename is not null || rule.Fields.Values.Any(IsSaid);

    private static bool IsSaid(FieldRule rule) => rule.Skip || rule.Rename is not null || rule.Type is not null || rule.Target is not null || !rule.Keeper.IsUsual;

    private static void Write(Utf8JsonWriter writer, ClassRule rule)
    {
        if (rule.Rename is not null)
        {
            writer.WriteString("rename", rule.Rename);
        }
        if (rule.Skip)
        {
            writer.WriteBoolean("skip", true);
        }
        if (rule.FirstWins)
        {
            writer.WriteString("duplicates", "first-wins");
        }
        var fields = rule.Fields.Where(f => IsSaid(f.Value)).OrderBy(f => f.Key, StringComparer.Ordinal).ToList();
        if (fields.Count == 0)
        {
            return;
        }
        writer.WriteStartObject("fields");
        foreach (var (name, field) in fields)
        {
            writer.WriteStartObject(name);
            Write(writer, field);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, FieldRule rule)
    {
        if (rule.Type is { } type)
        {
            writer.WriteString("type", RulesReader.TypeName(type));
        }
        if (rule.Target is not null)
        {
            writer.WriteString("target", rule.Target);
        }
        if (rule.Rename is not null)
        {
            writer.WriteString("rename", rule.Rename);
        }
        if (rule.Skip)
        {
            writer.WriteBoolean("skip", true);
        }
        if (rule.Keeper.Ids.Count > 0)
        {
            writer.WriteStartArray("keeps");
            foreach (var id in rule.Keeper.Ids)
            {
                writer.WriteStringValue(id);
            }
            writer.WriteEndArray();
        }
        else if (rule.Keeper.Order != KeeperOrder.LastSeen)
        {
            writer.WriteString("keeps", RulesReader.OrderName(rule.Keeper.Order));
        }
    }
}
