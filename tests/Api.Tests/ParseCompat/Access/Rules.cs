using System.Globalization;
using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>
/// Contract 11 to 13 over rows in memory: written from its text, knows nothing of the program. What an answer may refuse is collected in
/// <see cref="Refusals"/>.
/// </summary>
internal sealed class Rules(IReadOnlyDictionary<string, MadeClass> classes, MadeCaller caller)
{
    /// <summary>Codes with which the request must be refused; empty: it must be answered.</summary>
    public HashSet<int> Refusals { get; } = [];

    /// <summary>Codes with which it may be refused as well.</summary>
    public HashSet<int> Allowances { get; } = [];

    /// <summary>13.2: default when denied (and noted), null when every row, else the fields by which a row must be the caller's.</summary>
    public List<string>? Require(MadeClass made, string operation, bool isCreate = false)
    {
        if (made.Permissions.Count == 0)
            return null;
        var rule = made.Permissions[operation] as JsonObject ?? [];
        if (IsOpen(rule))
            return null;
        var authenticates = IsTrue(rule, "requiresAuthentication");
        if (authenticates && caller.UserId is null)
        {
            Refusals.Add(101);
            return [];
        }

        if (operation == "create")
        {
            if (!authenticates)
                Refusals.Add(119);
            return null;
        }

        var general = Texts(made.Permissions[operation is "get" or "find" or "count" ? "readUserFields" : "writeUserFields"]);
        var own = Texts(rule["pointerFields"]);
        if (isCreate)
        {
            // The fields of a row that is not there yet let nobody in, those of the class as a whole do.
            if (!authenticates && general.Count == 0)
                Refusals.Add(119);
            return null;
        }

        if (general.Count + own.Count > 0)
            return [.. general, .. own];
        if (!authenticates)
            Refusals.Add(119);
        return null;
    }

    /// <summary>The rows of a class that the caller may read by an operation.</summary>
    public IEnumerable<JsonObject> Readable(MadeClass made, string operation)
    {
        var owners = Require(made, operation);
        return made.Rows.Values.Where(row => IsListed(row, "read") && IsOwned(row, owners));
    }

    /// <summary>A row that the caller may get, or null.</summary>
    public JsonObject? Get(MadeClass made, string id)
    {
        var owners = Require(made, "get");
        return made.Rows.TryGetValue(id, out var row) && IsListed(row, "read") && IsOwned(row, owners) ? row : null;
    }

    /// <summary>Whether the caller may change or delete a row; the permissions are noted.</summary>
    public bool IsWritable(MadeClass made, string id, params string[] operations)
    {
        var owners = operations.Select(o => Require(made, o)).ToList();
        return made.Rows.TryGetValue(id, out var row) && IsListed(row, "write") && owners.TrueForAll(o => IsOwned(row, o));
    }

    /// <summary>13.3: the fields hidden in a row; without one, in a stranger's.</summary>
    public HashSet<string> Hidden(MadeClass made, JsonObject? row)
    {
        if (made.Name == "_User" && row is not null && (string?)row["objectId"] == caller.UserId)
            return [];
        var groups = made.Permissions["protectedFields"] as JsonObject ?? [];
        HashSet<string>? hidden = null;
        HashSet<string>? ofOwners = null;
        foreach (var (group, list) in groups)
        {
            var fields = Texts(list).ToHashSet();
            if (made.Name == "_User" && group == "*")
                fields.Add("email");
            if (group.StartsWith("userField:", StringComparison.Ordinal))
            {
                if (row is not null && Holds(row, group["userField:".Length..]))
                    ofOwners = ofOwners is null ? fields : [.. ofOwners.Intersect(fields)];
            }
            else if (group == "*" || (group == "authenticated" && caller.UserId is not null) || caller.Principals.Contains(group))
            {
                hidden = hidden is null ? fields : [.. hidden.Intersect(fields)];
            }
        }

        if (made.Name == "_User" && !groups.ContainsKey("*"))
            hidden = hidden is null ? ["email"] : [.. hidden.Intersect(["email"])];
        hidden ??= [];
        return ofOwners is null ? hidden : [.. hidden.Intersect(ofOwners)];
    }

    /// <summary>A row as the caller sees it.</summary>
    public JsonObject Seen(MadeClass made, JsonObject row)
    {
        var seen = row.DeepClone().AsObject();
        foreach (var field in Hidden(made, row))
            seen.Remove(field);
        return seen;
    }

    /// <summary>Replaces the pointers of a seen row by the rows that the caller may get (9.8).</summary>
    public void Include(JsonObject seen, IncludePaths paths)
    {
        foreach (var (name, below) in paths.Below)
        {
            if (seen[name] is JsonObject pointer && IsPointer(pointer))
            {
                if (Included(pointer, below) is { } row)
                    seen[name] = row;
                else
                    seen.Remove(name);
            }
            else if (seen[name] is JsonObject inner)
            {
                Include(inner, below);
            }
            else if (seen[name] is JsonArray list)
            {
                seen[name] = new JsonArray([.. list.Select(e => e is JsonObject o && IsPointer(o) ? Included(o, below) : e?.DeepClone()).Where(e => e is not null)]);
            }
        }
    }

    /// <summary>Whether a row fulfils a where (9.3 to 9.7) that names no hidden field, or it is noted that it does.</summary>
    public bool Matches(MadeClass made, JsonObject row, JsonObject where) => where.All(c => Matches(made, row, c.Key, c.Value!));

    /// <summary>Notes what a where refuses, whatever rows there are.</summary>
    public void Check(MadeClass made, JsonObject where)
    {
        var hidden = Hidden(made, null);
        foreach (var (key, condition) in where)
        {
            if (hidden.Contains(key.Split('.')[0]))
                Refusals.Add(119);
            if (key is "$or" or "$and" or "$nor")
            {
                foreach (var part in condition!.AsArray())
                    Check(made, part!.AsObject());
            }
            else if (key == "$relatedTo")
            {
                Require(classes[(string)condition!["object"]!["className"]!], "get");
            }
            else if (condition is JsonObject constraint)
            {
                foreach (var (name, operand) in constraint)
                {
                    if (name is "$inQuery" or "$notInQuery")
                        CheckInner(operand!.AsObject());
                    else if (name is "$select" or "$dontSelect")
                        CheckInner(operand!["query"]!.AsObject());
                }
            }
        }
    }

    private void CheckInner(JsonObject query)
    {
        var inner = classes[(string)query["className"]!];
        Require(inner, "find");
        Check(inner, query["where"]!.AsObject());
    }

    private JsonObject? Included(JsonObject pointer, IncludePaths below)
    {
        var target = classes[(string)pointer["className"]!];
        if (Get(target, (string)pointer["objectId"]!) is not { } row)
            return null;
        var seen = Seen(target, row);
        below.Restrict(seen);
        Include(seen, below);
        seen["__type"] = "Object";
        seen["className"] = target.Name;
        return seen;
    }

    private bool Matches(MadeClass made, JsonObject row, string key, JsonNode condition)
    {
        switch (key)
        {
            case "$or": return condition.AsArray().Any(w => Matches(made, row, w!.AsObject()));
            case "$and": return condition.AsArray().All(w => Matches(made, row, w!.AsObject()));
            case "$nor": return !condition.AsArray().Any(w => Matches(made, row, w!.AsObject()));
            case "$relatedTo":
                var (owners, ownerId) = (classes[(string)condition["object"]!["className"]!], (string)condition["object"]!["objectId"]!);
                return Get(owners, ownerId) is { } owner && !Hidden(owners, owner).Contains("rel")
                    && owners.Fields["rel"] == "<" + made.Name && owners.Related.GetValueOrDefault(ownerId, []).Contains((string)row["objectId"]!);
        }

        if (key == "rel")
        {
            var related = made.Related.GetValueOrDefault((string)row["objectId"]!, []);
            return IsPointer(condition) ? related.Contains((string)condition["objectId"]!) : Found(condition["$inQuery"]!.AsObject()).Any(f => related.Contains((string)f["objectId"]!));
        }

        var isThere = row.ContainsKey(key);
        var value = row[key];
        if (key == "o.x")
        {
            value = row["o"]?["x"];
            isThere = value is not null;
        }

        if (condition is not JsonObject constraint || IsPointer(condition))
            return HasEqual(value, condition);
        return constraint.All(c => c.Key == "$exists" ? isThere == (bool)c.Value! : Matches(value, c.Key, c.Value!));
    }

    private bool Matches(JsonNode? value, string name, JsonNode operand) => name switch
    {
        "$ne" => !HasEqual(value, operand),
        "$in" => operand.AsArray().Any(o => HasEqual(value, o)),
        "$nin" => !operand.AsArray().Any(o => HasEqual(value, o)),
        "$gt" => value is JsonValue && Number(value) > Number(operand),
        "$lt" => value is JsonValue && Number(value) < Number(operand),
        "$inQuery" => IsFound(value, operand.AsObject()),
        "$notInQuery" => !IsFound(value, operand.AsObject()),
        "$select" => IsSelected(value, operand),
        "$dontSelect" => !IsSelected(value, operand),
        _ => throw new InvalidOperationException(name),
    };

    private bool IsFound(JsonNode? value, JsonObject query) =>
        Found(query).Any(f => HasEqual(value, Pointer((string)query["className"]!, (string)f["objectId"]!)));

    private bool IsSelected(JsonNode? value, JsonNode operand)
    {
        var (query, key) = (operand["query"]!.AsObject(), (string)operand["key"]!);
        var inner = classes[(string)query["className"]!];
        return value is not null && Found(query).Any(f => Seen(inner, f)[key] is { } found && JsonNode.DeepEquals(found, value));
    }

    private IEnumerable<JsonObject> Found(JsonObject query)
    {
        var inner = classes[(string)query["className"]!];
        return Readable(inner, "find").Where(row => Matches(inner, row, query["where"]!.AsObject()));
    }

    private bool IsOpen(JsonObject rule) => IsTrue(rule, "*") || caller.Principals.Any(p => IsTrue(rule, p));

    private bool IsListed(JsonObject row, string right) =>
        row["ACL"] is not JsonObject acl || acl.Any(e => (e.Key == "*" || caller.Principals.Contains(e.Key)) && IsTrue(e.Value!.AsObject(), right));

    private bool IsOwned(JsonObject row, List<string>? fields) => fields is null || fields.Any(f => Holds(row, f));

    private bool Holds(JsonObject row, string field) => caller.UserId is { } id && HasEqual(row[field], Pointer("_User", id));

    /// <summary>Equality, of arrays with an element.</summary>
    private static bool HasEqual(JsonNode? value, JsonNode? other) =>
        value is JsonArray list ? list.Any(e => JsonNode.DeepEquals(e, other)) : JsonNode.DeepEquals(value, other);

    /// <summary>A number, whether it was read or made.</summary>
    public static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    public static JsonObject Pointer(string target, string id) => new() { ["__type"] = "Pointer", ["className"] = target, ["objectId"] = id };

    private static bool IsPointer(JsonNode? node) => node is JsonObject o && (string?)(o["__type"] as JsonValue) == "Pointer";

    private static bool IsTrue(JsonObject rule, string key) => rule[key] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static List<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(t => (string)t!)];
}
