using System.Text.Json.Nodes;
using Backend.Data.Values;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>A create or update of a class with triggers, on its way past them.</summary>
internal sealed class HookedSave
{
    private static readonly string[] NotWritten = ["createdAt", "updatedAt", "className", "__type"];
    private static readonly string[] NotTold = ["objectId", "createdAt", "updatedAt"];
    private static readonly string[] NotToldOfUsers = ["password", "authData", "sessionToken"];

    // The framework's own limit is 64 levels; what is too deep is refused as it is read.
    private static readonly System.Text.Json.JsonSerializerOptions Deep = new() { MaxDepth = 1000 };

    /// <summary>The class.</summary>
    public required string ClassName { get; init; }

    /// <summary>Whether a row is made.</summary>
    public required bool IsCreate { get; init; }

    /// <summary>The row's id; in a create null, unless one was chosen.</summary>
    public string? Id { get; set; }

    /// <summary>What is saved; after <see cref="Take"/> what the hook made of it.</summary>
    public required Draft Body { get; set; }

    /// <summary>Who calls.</summary>
    public required CallFacts Facts { get; init; }

    /// <summary>The row before the save; null in a create.</summary>
    public JsonObject? Original { get; init; }

    /// <summary>What the client sent, key by key; null when it was not in this dialect.</summary>
    public JsonObject? Sent { get; init; }

    /// <summary>Keys that the hook changed, with the value, or the operation, that it gave: the client is told (contract 7.1).</summary>
    public OrderedDictionary<string, JsonNode?> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes over what a beforeSave hook answered: the fields to write instead.</summary>
    /// <param name="given">The hook's fields; <c>{}</c> changes nothing.</param>
    /// <param name="shown">The object as the hook saw it.</param>
    /// <exception cref="ParseError">What the hook gave cannot be written.</exception>
    public void Take(JsonObject given, JsonObject shown)
    {
        foreach (var key in NotWritten)
            given.Remove(key);
        if (given.Count == 0)
            return;
        if (given["objectId"] is JsonValue id && id.TryGetValue(out string? chosen) && chosen.Length > 0 && IsCreate)
        {
            Id = Wire.ClassName.IsValidId(chosen) ? chosen
                : throw new ParseError(ErrorCode.MissingObjectId, "objectId must not be empty, null or undefined");
        }

        given.Remove("objectId");

        var answered = DraftReader.Read(RequestBody.Read(System.Text.Encoding.UTF8.GetBytes(given.ToJsonString(Deep)), NestedJson.MaxDepth), ClassName, IsCreate);
        var sent = Body;
        var body = new Draft { Acl = answered.Acl ?? sent.Acl, CreatedAt = sent.CreatedAt, UpdatedAt = sent.UpdatedAt };
        foreach (var field in sent.Fields)
        {
            if (IsKept(field, given, shown))
                body.Fields.Add(field);
            else if (!given.ContainsKey(field.Name) && Sent is not null && !JsonNode.DeepEquals(shown[field.Name], Original?[field.Name]))
                Tell(field.Name, Original?[field.Name]?.DeepClone() ?? new JsonObject { ["__op"] = "Delete" });
        }

        var kept = body.Fields.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        var sentNames = sent.Fields.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var field in answered.Fields)
        {
            if (!kept.Contains(field.Name) && (sentNames.Contains(field.Name) || !IsUnchanged(field, given)))
                body.Fields.Add(field);
        }

        Body = body;
        foreach (var (key, value) in given)
        {
            if (Sent is not null && (!Sent.TryGetPropertyValue(key, out var before) || !JsonNode.DeepEquals(before, value)))
                Tell(key, value?.DeepClone());
        }
    }

    /// <summary>
    /// Whether what the client asked for stays as it is. An operation whose result the hook hands back stays an operation, so that it is atomic in
    /// the database; and so does one on a relation, which no value can stand for. A user's password, and in a sign-up his name, stay when the answer does not
    /// name them: nobody means to make a user who cannot log in with what he chose.
    /// </summary>
    private bool IsKept(DraftField field, JsonObject given, JsonObject shown)
    {
        if (!given.TryGetPropertyValue(field.Name, out var value))
            return field.Action == DraftAction.Relate || (ClassName == Wire.ClassName.User && (field.Key == "password" || (IsCreate && field.Key == "username")));
        return JsonNode.DeepEquals(value, shown[field.Name])
            || (field.Action == DraftAction.Relate && value is JsonObject relation && !relation.ContainsKey("__op"));
    }

    /// <summary>Hooks often hand the whole object back: what is as it was, unless the client sent it, is not written again.</summary>
    private bool IsUnchanged(DraftField field, JsonObject given) =>
        !field.IsOperation && Original is not null && Original.TryGetPropertyValue(field.Key, out var before) && JsonNode.DeepEquals(before, given[field.Key]);

    private void Tell(string key, JsonNode? value)
    {
        if (NotTold.Contains(key) || (ClassName == Wire.ClassName.User && NotToldOfUsers.Contains(key)))
            return;
        Told.TryAdd(key, value);
    }
}
