using System.Text.Json;
using Backend.Data.Catalog;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Rules;

/// <summary>
/// Reads a rules file: JSON with comments and trailing commas, described in docs/import.md. Every entry is looked at; a message names the first that
/// says nothing that can be done.
/// </summary>
internal static class RulesReader
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    private static readonly Dictionary<string, FieldKind> Types = new(StringComparer.Ordinal)
    {
        ["String"] = FieldKind.Text,
        ["Number"] = FieldKind.Number,
        ["Boolean"] = FieldKind.Boolean,
        ["Date"] = FieldKind.Timestamp,
        ["Bytes"] = FieldKind.Bytes,
        ["Object"] = FieldKind.Object,
        ["Array"] = FieldKind.Array,
        ["File"] = FieldKind.File,
        ["Pointer"] = FieldKind.Reference,
        ["GeoPoint"] = FieldKind.Point,
        ["Polygon"] = FieldKind.Polygon,
    };

    private static readonly Dictionary<string, KeeperOrder> Orders = new(StringComparer.Ordinal)
    {
        ["last-seen"] = KeeperOrder.LastSeen,
        ["last-updated"] = KeeperOrder.LastUpdated,
        ["first-created"] = KeeperOrder.FirstCreated,
        ["last-created"] = KeeperOrder.LastCreated,
    };

    private static readonly string[] NeverRules = ["objectId", "createdAt", "updatedAt", "ACL", "password", "authData"];

    /// <summary>Reads a file; null: there are no rules.</summary>
    /// <exception cref="SourceException">It cannot be read, or an entry is wrong.</exception>
    public static ImportRules ReadFile(string? path)
    {
        if (path is null)
        {
            return ImportRules.None;
        }
        try
        {
            return Read(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"{path}: the rules cannot be read: {e.Message}", e);
        }
        catch (SourceException e)
        {
            throw new SourceException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads rules.</summary>
    /// <exception cref="SourceException">An entry is wrong; the message names it.</exception>
    public static ImportRules Read(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return ImportRules.None;
        }
        try
        {
            using var document = JsonDocument.Parse(text, Lenient);
            return Rules(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new SourceException($"not JSON: {e.Message}", e);
        }
    }

    /// <summary>The name of a type in a rules file.</summary>
    public static string TypeName(FieldKind kind) => Types.First(t => t.Value == kind).Key;

    /// <summary>The name of an order in a rules file.</summary>
    public static string OrderName(KeeperOrder order) => Orders.First(o => o.Value == order).Key;

    private static ImportRules Rules(JsonElement root)
    {
        var rules = ImportRules.None;
        foreach (var (name, value, at) in Members(root, ""))
        {
            rules = name switch
            {
                "classes" => rules with { Classes = Members(value, at).ToDictionary(c => c.Name, c => Class(c.Name, c.Value, c.At), StringComparer.Ordinal) },
                "files" => Files(value, at, rules),
                "version" => value.ValueKind == JsonValueKind.Number && value.GetRawText() == "1" ? rules : throw Wrong(at, "this program knows version 1"),
                _ => throw Unknown(at, "version, classes, files"),
            };
        }
        foreach (var same in rules.Classes.GroupBy(c => c.Value.Rename ?? c.Key).Where(g => g.Count() > 1))
        {
            throw new SourceException($"{string.Join(" and ", same.Select(c => $"classes.{c.Key}"))}: both would be called {same.Key}");
        }
        return rules;
    }

    private static ImportRules Files(JsonElement element, string path, ImportRules rules)
    {
        foreach (var (name, value, at) in Members(element, path))
        {
            rules = name switch
            {
                "skip" => rules with { SkipFiles = Flag(value, at) },
                "accept" => rules with { AcceptFiles = Flag(value, at) },
                _ => throw Unknown(at, "skip, accept"),
            };
        }
        return rules;
    }

    private static ClassRule Class(string className, JsonElement element, string path)
    {
        var rule = ClassRule.None;
        foreach (var (name, value, at) in Members(element, path))
        {
            rule = name switch
            {
                "rename" => rule with { Rename = NewName(value, at, className.StartsWith('_') ? "a system class keeps its name" : null) },
                "skip" => rule with { Skip = Flag(value, at) },
                "accept" => rule with { Accept = Flag(value, at) },
                "duplicates" => rule with
                {
                    FirstWins = Text(value, at) switch
                    {
                        "first-wins" => true,
                        "last-wins" => false,
                        _ => throw Wrong(at, "first-wins or last-wins is expected"),
                    },
                },
                "fields" => rule with { Fields = Members(value, at).ToDictionary(f => f.Name, f => Field(className, f.Name, f.Value, f.At), StringComparer.Ordinal) },
                _ => throw Unknown(at, "rename, skip, duplicates, fields, accept"),
            };
        }
        foreach (var same in rule.Fields.GroupBy(f => f.Value.Rename ?? f.Key).Where(g => g.Count() > 1))
        {
            throw new SourceException($"{string.Join(" and ", same.Select(f => $"{path}.fields.{f.Key}"))}: both would be called {same.Key}");
        }
        return rule;
    }

    private static FieldRule Field(string className, string field, JsonElement element, string path)
    {
        var rule = FieldRule.None;
        // What every row has, and what is no field at all.
        var fixedName = NeverRules.Contains(field) || field.StartsWith('_');
        foreach (var (name, value, at) in Members(element, path))
        {
            if (fixedName && !(name == "accept" || (name == "keeps" && field == "authData")))
            {
                throw Wrong(at, $"{field} is no field that a rule can settle");
            }
            rule = name switch
            {
                "type" => rule with { Type = Types.TryGetValue(Text(value, at), out var type) ? type : throw Wrong(at, $"no type; the types are {string.Join(", ", Types.Keys)}") },
                "target" => rule with { Target = Text(value, at) },
                "rename" => rule with { Rename = NewName(value, at, null) },
                "skip" => rule with { Skip = Flag(value, at) },
                "accept" => rule with { Accept = Flag(value, at) },
                "keeps" => (className, field) is ("_User", "username" or "email" or "authData") or ("_Role", "name") or ("_Session", "sessionToken")
                    ? rule with { Keeper = KeeperOf(value, at) }
                    : throw Wrong(at, "only username, email and authData of _User, name of _Role and sessionToken of _Session are marked when several rows have them"),
                _ => throw Unknown(at, "type, target, rename, skip, keeps, accept"),
            };
        }
        return rule switch
        {
            { Skip: true, Rename: not null } or { Skip: true, Type: not null } => throw Wrong(path, "a field that is skipped has neither name nor type"),
            { Target: not null, Type: not (null or FieldKind.Reference) } => throw Wrong(path + ".target", "only a Pointer or a relation leads to a class"),
            _ => rule,
        };
    }

    private static Keeper KeeperOf(JsonElement value, string at)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            return new Keeper(KeeperOrder.LastSeen, [.. value.EnumerateArray().Select((id, n) => Text(id, $"{at}[{n}]"))]);
        }
        return Orders.TryGetValue(Text(value, at), out var order)
            ? new Keeper(order, [])
            : throw Wrong(at, $"expected is one of {string.Join(", ", Orders.Keys)}, or a list of the ids that keep theirs");
    }

    private static string NewName(JsonElement value, string at, string? whyNot) => whyNot is not null ? throw Wrong(at, whyNot)
        : Text(value, at) is var name && ClassPlan.IsName(name) && !NeverRules.Contains(name) ? name
        : throw Wrong(at, $"{name} cannot be a name: a letter, then letters, digits and _");

    private static bool Flag(JsonElement value, string at) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(at, "true or false is expected"),
    };

    private static string Text(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : throw Wrong(at, "a text is expected");

    private static IEnumerable<(string Name, JsonElement Value, string At)> Members(JsonElement element, string at)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(at.Length == 0 ? "the file" : at, "an object is expected");
        }
        return element.EnumerateObject().Select(m => (m.Name, m.Value, at.Length == 0 ? m.Name : $"{at}.{m.Name}"));
    }

    private static SourceException Wrong(string at, string why) => new($"{at}: {why}");

    private static SourceException Unknown(string at, string known) => new($"{at}: no such entry; there are {known}");
}
