using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>A made-up application: users, roles that inherit from each other (in circles too), classes with permissions, rows with access lists.</summary>
internal sealed class World
{
    /// <summary>Roles, inherited ones too.</summary>
    private const int Roles = 4;
    private const int Users = 4;
    private const int Classes = 4;
    private const int RowsOfClass = 7;

    public static readonly (string, string)[] Master = [("X-Parse-Application-Id", "app"), ("X-Parse-Master-Key", "mk")];
    private static readonly string[] Texts = ["a", "b", "c"];
    private static readonly string[] Operations = ["find", "get", "count", "create", "update", "delete", "addField"];
    private static readonly string[] Hideable = ["s", "n", "t", "owner", "editors", "p", "list", "rel", "o"];

    private readonly ApiHost _host;
    private readonly Random _random;
    private readonly Dictionary<string, HashSet<string>> _rolesOf = [];

    private World(ApiHost host, Random random) => (_host, _random) = (host, random);

    public Dictionary<string, MadeClass> Made { get; } = [];

    public List<MadeCaller> Callers { get; } = [];

    public static async Task<World> MakeAsync(ApiHost host, Random random, int number)
    {
        var world = new World(host, random);
        await world.MakeUsersAsync(number);
        await world.MakeClassesAsync(number);
        return world;
    }

    public T Any<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>The classes that were made, without the users.</summary>
    public IReadOnlyList<MadeClass> Own => [.. Made.Values.Where(m => m.Name != "_User")];

    /// <summary>Sends a request of the old dialect.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(string method, string path, JsonNode? body, (string, string)[] headers)
    {
        using var answer = await _host.SendAsync(method, path, body?.ToJsonString(), headers);
        return (answer.Status, answer.Text.Length == 0 ? null : JsonNode.Parse(answer.Text));
    }

    /// <summary>Sends a request of v2.</summary>
    public async Task<(int Status, JsonNode? Body, string? Location)> SendTwoAsync(string method, string path, JsonNode? body, (string, string)[] headers)
    {
        using var answer = await _host.SendAsync(method, path, body?.ToJsonString(), headers);
        return (answer.Status, answer.Text.Length == 0 ? null : JsonNode.Parse(answer.Text), answer["Location"]);
    }

    /// <summary>Reads a row again as the master key sees it.</summary>
    public async Task RefreshAsync(MadeClass made, string id)
    {
        var (status, row) = await SendAsync("GET", $"/parse/classes/{made.Name}/{id}", null, Master);
        if (status == 200)
            made.Rows[id] = WithoutTimes(row!.AsObject());
        else
            made.Rows.Remove(id);
    }

    /// <summary>Rows of a class as the master key sees them now.</summary>
    public async Task<Dictionary<string, JsonObject>> DumpAsync(MadeClass made)
    {
        var (_, body) = await SendAsync("GET", $"/parse/classes/{made.Name}?limit=1000", null, Master);
        return body!["results"]!.AsArray().ToDictionary(r => (string)r!["objectId"]!, r => WithoutTimes(r!.AsObject()));
    }

    public static JsonObject WithoutTimes(JsonObject row)
    {
        var copy = row.DeepClone().AsObject();
        foreach (var (_, value) in copy.ToList())
        {
            if (value is JsonObject inner && inner["__type"] is not null)
                Strip(inner);
            else if (value is JsonArray list)
                list.OfType<JsonObject>().ToList().ForEach(Strip);
        }

        Strip(copy);
        return copy;

        static void Strip(JsonObject o)
        {
            o.Remove("createdAt");
            o.Remove("updatedAt");
            foreach (var (_, value) in o)
            {
                if (value is JsonObject inner)
                    Strip(inner);
                else if (value is JsonArray list)
                    list.OfType<JsonObject>().ToList().ForEach(Strip);
            }
        }
    }

    /// <summary>A made-up access list; null: none.</summary>
    public JsonObject? Acl()
    {
        if (Chance(0.3))
            return null;
        var acl = new JsonObject();
        for (var entries = _random.Next(3); entries >= 0; entries--)
        {
            var flags = new JsonObject();
            if (Chance(0.7))
                flags["read"] = true;
            if (Chance(0.5))
                flags["write"] = true;
            if (flags.Count > 0)
                acl[Principal(everybody: 0.2)] = flags;
        }

        return acl;
    }

    /// <summary>A made-up value of a field; null: none.</summary>
    public JsonNode? Value(string kind, string id) => Chance(0.15) ? null : kind switch
    {
        "String" => Any(Texts),
        "Token" => $"secret-{id}",
        "Number" => _random.Next(4),
        "Object" => new JsonObject { ["x"] = Any(Texts), ["p"] = AnyPointer(Any(Own)) },
        "Array" => new JsonArray([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Chance(0.4) ? AnyUser() : AnyPointer(Any(Own)))]),
        _ when kind.StartsWith('*') => kind == "*_User" ? AnyUser() : AnyPointer(Made[kind[1..]]),
        _ => null,
    };

    public JsonObject AnyUser() => Rules.Pointer("_User", Any(Made["_User"].Rows.Keys.ToList()));

    public JsonObject AnyPointer(MadeClass made) => Rules.Pointer(made.Name, $"{made.Name}r{_random.Next(RowsOfClass + 1)}");

    private string Principal(double everybody) => Chance(everybody) ? "*"
        : Chance(0.5) ? Any(Made["_User"].Rows.Keys.ToList()) : $"role:{Any(_rolesOf.Keys.ToList())}";

    private async Task MakeUsersAsync(int number)
    {
        var anonymous = (("X-Parse-Application-Id", "app"), ("X-Nobody", "at all"));
        var users = new List<(string Id, string Session, string Bearer)>();
        for (var i = 0; i < Users; i++)
        {
            using var v2 = await _host.SendAsync("POST", "auth/sign-up", $$"""{"username":"w{{number}}u{{i}}","password":"p4ss","email":"w{{number}}u{{i}}@example.com"}""");
            Assert.That(v2.Status, Is.EqualTo(201), v2.Text);
            var (_, old) = await SendAsync("POST", "/parse/login", new JsonObject { ["username"] = $"w{number}u{i}", ["password"] = "p4ss" }, [anonymous.Item1]);
            users.Add((v2.Json.GetProperty("user_id").GetString()!, (string)old!["sessionToken"]!, v2.Json.GetProperty("access_token").GetString()!));
        }

        var made = new MadeClass("_User") { Permissions = UserPermissions() };
        made.Fields["username"] = "String";
        Made["_User"] = made;
        await PutAsync("/parse/schemas/_User", new JsonObject { ["classLevelPermissions"] = made.Permissions.DeepClone() });
        foreach (var user in users)
            await RefreshAsync(made, user.Id);
        await MakeRolesAsync(number, [.. users.Select(u => u.Id)]);

        Callers.Add(new("nobody", null, [], [anonymous.Item1], []));
        foreach (var (id, session, bearer) in users)
        {
            Callers.Add(new($"user {id}", id, [id, .. RolesOf(id).Select(r => "role:" + r)], [anonymous.Item1, ("X-Parse-Session-Token", session)],
                [("Authorization", "Bearer " + bearer)]));
        }
    }

    private JsonObject UserPermissions()
    {
        var open = new JsonObject { ["*"] = true };
        var permissions = new JsonObject();
        foreach (var operation in Operations)
            permissions[operation] = operation == "get" && Chance(0.3) ? new JsonObject { ["requiresAuthentication"] = true } : open.DeepClone();
        return permissions;
    }

    // A role's members are users and the members of other roles; inheritance may go in circles.
    private readonly Dictionary<string, List<string>> _children = [];

    private async Task MakeRolesAsync(int number, string[] users)
    {
        var ids = new Dictionary<string, string>();
        for (var i = 0; i < Roles; i++)
        {
            var name = $"W{number}R{i}";
            var members = users.Where(_ => Chance(0.25)).ToHashSet();
            _rolesOf[name] = members;
            var (status, role) = await SendAsync("POST", "/parse/roles", new JsonObject
            {
                ["name"] = name,
                ["ACL"] = new JsonObject(),
                ["users"] = Links(members.Select(m => Rules.Pointer("_User", m))),
            }, Master);
            Assert.That(status, Is.EqualTo(201), role?.ToJsonString());
            ids[name] = (string)role!["objectId"]!;
        }

        foreach (var name in _rolesOf.Keys)
        {
            _children[name] = [.. _rolesOf.Keys.Where(_ => Chance(0.3))];
            await PutAsync($"/parse/roles/{ids[name]}", new JsonObject { ["roles"] = Links(_children[name].Select(c => Rules.Pointer("_Role", ids[c]))) });
        }
    }

    /// <summary>12: the roles of the user, and every role that holds one of those.</summary>
    private HashSet<string> RolesOf(string user)
    {
        var found = _rolesOf.Where(r => r.Value.Contains(user)).Select(r => r.Key).ToHashSet();
        while (_children.Where(c => c.Value.Exists(found.Contains)).Select(c => c.Key).Except(found).ToList() is { Count: > 0 } more)
            found.UnionWith(more);
        return found;
    }

    private async Task MakeClassesAsync(int number)
    {
        var names = Enumerable.Range(0, Classes).Select(i => $"W{number}C{i}").ToList();
        foreach (var name in names)
            Made[name] = new MadeClass(name) { Permissions = Chance(0.15) ? [] : Permissions() };
        foreach (var made in Own)
        {
            foreach (var (field, kind) in new[] { ("s", "String"), ("t", "Token"), ("n", "Number"), ("o", "Object"), ("owner", "*_User"), ("editors", "Array"), ("list", "Array"), ("p", "*" + Any(names)), ("rel", "<" + Any(names)) })
                made.Fields[field] = kind;
            await SendSchemaAsync(made);
        }

        foreach (var made in Own)
        {
            for (var i = 0; i < RowsOfClass; i++)
                await MakeRowAsync(made, $"{made.Name}r{i}");
        }

        foreach (var made in Own)
        {
            foreach (var id in made.Rows.Keys.ToList())
                await RefreshAsync(made, id);
        }
    }

    private async Task SendSchemaAsync(MadeClass made)
    {
        var fields = new JsonObject();
        foreach (var (field, kind) in made.Fields)
        {
            fields[field] = kind[0] switch
            {
                '*' => new JsonObject { ["type"] = "Pointer", ["targetClass"] = kind[1..] },
                '<' => new JsonObject { ["type"] = "Relation", ["targetClass"] = kind[1..] },
                _ => new JsonObject { ["type"] = kind == "Token" ? "String" : kind },
            };
        }

        var schema = new JsonObject { ["fields"] = fields };
        if (made.Permissions.Count > 0)
            schema["classLevelPermissions"] = made.Permissions.DeepClone();
        var (status, body) = await SendAsync("POST", "/parse/schemas/" + made.Name, schema, Master);
        Assert.That(status, Is.EqualTo(200), $"{schema} {body}");
    }

    private async Task MakeRowAsync(MadeClass made, string id)
    {
        var row = new JsonObject { ["objectId"] = id };
        foreach (var (field, kind) in made.Fields)
        {
            if (Value(kind, id) is { } value)
                row[field] = value;
            else if (kind is "Token" or "Object" && Chance(0.5))
                row[field] = null; // stands beside the columns
        }

        if (Chance(0.5))
        {
            var members = Enumerable.Range(0, 3).Select(_ => AnyPointer(Made[made.Fields["rel"][1..]])).ToList();
            row["rel"] = Links(members);
            made.Related[id] = [.. members.Select(m => (string)m["objectId"]!)];
        }

        // An absent list is filled in from the class, so none at all is said by making it public.
        row["ACL"] = Acl();
        var (status, body) = await SendAsync("POST", "/parse/classes/" + made.Name, row, Master);
        Assert.That(status, Is.EqualTo(201), $"{row} {body}");
        made.Rows[id] = row;
    }

    private JsonObject Permissions()
    {
        var permissions = new JsonObject();
        foreach (var operation in Operations)
        {
            if (Chance(0.1))
                continue;
            permissions[operation] = Rule(operation);
        }

        if (Chance(0.2))
            permissions["readUserFields"] = Owners();
        if (Chance(0.2))
            permissions["writeUserFields"] = Owners();
        if (Chance(0.6))
            permissions["protectedFields"] = Hiding();
        return permissions;
    }

    private JsonObject Rule(string operation)
    {
        var rule = new JsonObject();
        if (Chance(operation is "find" or "get" ? 0.55 : 0.4))
            rule["*"] = true;
        if (Chance(0.25))
            rule["requiresAuthentication"] = true;
        if (Chance(0.4))
            rule[Principal(everybody: 0)] = true;
        if (Chance(0.25))
            rule["pointerFields"] = Owners();
        return rule;
    }

    private JsonObject Hiding()
    {
        var hiding = new JsonObject();
        foreach (var group in new[] { "*", "authenticated", Principal(0), Principal(0), "userField:owner", "userField:editors" })
        {
            if (Chance(group == "*" ? 0.8 : 0.35))
                hiding[group] = new JsonArray([.. Hideable.Where(_ => Chance(0.35)).Select(f => JsonValue.Create(f))]);
        }

        return hiding;
    }

    private JsonArray Owners() => Chance(0.5) ? ["owner"] : Chance(0.5) ? ["editors"] : ["owner", "editors"];

    private static JsonObject Links(IEnumerable<JsonObject> pointers) =>
        new() { ["__op"] = "AddRelation", ["objects"] = new JsonArray([.. pointers.DistinctBy(p => (string)p["objectId"]!)]) };

    private async Task PutAsync(string path, JsonObject body)
    {
        var (status, answer) = await SendAsync("PUT", path, body, Master);
        Assert.That(status, Is.EqualTo(200), $"{path} {body} {answer}");
    }
}
