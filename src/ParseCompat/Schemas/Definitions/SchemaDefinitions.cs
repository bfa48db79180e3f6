using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas.Definitions;

/// <summary>
/// The old server's option <c>schema</c>, from the JSON file that <c>ParseCompat:SchemaFile</c> names: <c>{"definitions": [{"className", "fields",
/// "indexes", "classLevelPermissions"}], "strict", "deleteExtraFields", "recreateModifiedFields", "lockSchemas"}</c>.
/// </summary>
internal sealed class SchemaDefinitions
{
    /// <summary>The classes, each as a body of the schemas API.</summary>
    public List<(string ClassName, JsonElement Schema)> Classes { get; } = [];

    /// <summary>Classes and fields that nobody defined are named in the log.</summary>
    public bool Strict { get; private init; }

    /// <summary>Fields that a defined class does not define are dropped.</summary>
    public bool DeleteExtraFields { get; private init; }

    /// <summary>Fields of another type are dropped and made anew.</summary>
    public bool RecreateModifiedFields { get; private init; }

    /// <summary>The schemas API refuses to make and change classes.</summary>
    public bool LockSchemas { get; private init; }

    /// <summary>Reads the file; null without one.</summary>
    /// <exception cref="FormatException">It is not there or not of this form; the message names the setting.</exception>
    public static SchemaDefinitions? Read(ParseCompatOptions options)
    {
        if (string.IsNullOrEmpty(options.SchemaFile))
            return null;
        try
        {
            return Parse(JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(options.SchemaFile)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new FormatException($"ParseCompat:SchemaFile names {options.SchemaFile}, which cannot be read: {e.Message}", e);
        }
    }

    private static SchemaDefinitions Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new FormatException("ParseCompat:SchemaFile is no JSON object.");
        var definitions = new SchemaDefinitions
        {
            Strict = Flag(json, "strict"),
            DeleteExtraFields = Flag(json, "deleteExtraFields"),
            RecreateModifiedFields = Flag(json, "recreateModifiedFields"),
            LockSchemas = Flag(json, "lockSchemas"),
        };
        if (!json.TryGetProperty("definitions", out var list) || list.ValueKind == JsonValueKind.Null)
            return definitions;
        if (list.ValueKind != JsonValueKind.Array)
            throw new FormatException("ParseCompat:SchemaFile: \"definitions\" must be an array of schemas.");
        foreach (var schema in list.EnumerateArray())
        {
            if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("className", out var name) || name.ValueKind != JsonValueKind.String)
                throw new FormatException("ParseCompat:SchemaFile: a definition has no \"className\".");
            if (definitions.Classes.Exists(c => c.ClassName == name.GetString()))
                throw new FormatException($"ParseCompat:SchemaFile defines the class {name.GetString()} twice.");
            definitions.Classes.Add((name.GetString()!, schema));
        }

        return definitions;
    }

    private static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;
}
