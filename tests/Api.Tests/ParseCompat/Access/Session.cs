using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>Sends made-up requests of made-up callers in the old dialect, and compares the answers with what the rules say.</summary>
internal sealed class Session(World world, Random random)
{
    private readonly Requests _requests = new(world);
    private readonly SessionOfTwo _two = new(world, random);
    private readonly Dictionary<string, int> _seen = [];
    private int _fresh;

    public List<string> Failures { get; } = [];

    public string Summary => string.Join(", ", _seen.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value}"));

    public async Task StepAsync()
    {
        var caller = world.Any(world.Callers);
        var made = world.Any(world.Own);
        var rules = new Rules(world.Made, caller);
        switch (random.Next(20))
        {
            case < 3: await GetAsync(made, caller, rules); break;
            case < 11: await FindAsync(made, caller, rules); break;
            case 11: await RedirectAsync(made, caller, rules); break;
            case < 14: await ChangeAsync(made, caller, rules); break;
            case 14: await CreateAsync(made, caller, rules); break;
            case 15 when world.Chance(0.3): await DeleteAsync(made, caller, rules); break;
            case 15: await AggregateAsync(made, caller); break;
            default: Note(await _two.StepAsync(made, caller)); break;
        }
    }

    private async Task GetAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        var (include, keys, excluded, tree) = _requests.Reading(made);
        JsonObject? expected = null;
        if (rules.Get(made, id) is { } row)
        {
            expected = rules.Seen(made, row);
            Shape(rules, expected, excluded, tree);
        }
        else if (rules.Refusals.Count == 0)
        {
            rules.Refusals.Add(101);
        }

        var path = $"/parse/classes/{made.Name}/{id}?" + string.Join('&', Parameters(null, include, keys, excluded));
        var (status, body) = await AskAsync("GET", path, null, caller);
        Compare("get", $"{caller.Name}: GET {path}", rules, status, body, b => World.WithoutTimes(b.AsObject()), expected);
    }

    private async Task FindAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var where = world.Chance(0.15) ? [] : _requests.Where(made);
        var (include, keys, excluded, tree) = _requests.Reading(made);
        var (count, onlyCount) = (world.Chance(0.25), world.Chance(0.4));
        var parameters = Parameters(where, include, keys, excluded).ToList();
        parameters.Add(count && onlyCount ? "limit=0" : "limit=1000");
        if (count)
            parameters.Add("count=1");
        rules.Check(made, where);
        if (world.Chance(0.2))
        {
            var order = world.Any(["s", "n", "t", "owner", "p", "editors", "o", "o.x"]);
            parameters.Add("order=" + (world.Chance(0.5) ? "-" : "") + order);
            if (rules.Hidden(made, null).Contains(order.Split('.')[0]))
                rules.Refusals.Add(119);
        }

        var expected = new JsonObject { ["results"] = new JsonArray() };
        if (!(count && onlyCount))
        {
            var isGet = where.Count == 1 && where["objectId"] is JsonValue;
            expected["results"] = Rows(made, rules, where, isGet ? "get" : "find", excluded, tree);
        }

        if (count)
            expected["count"] = rules.Readable(made, "count").Count(r => rules.Matches(made, r, where));
        var path = $"/parse/classes/{made.Name}?" + string.Join('&', parameters);
        var (status, body) = await AskAsync("GET", path, null, caller);
        Compare("find", $"{caller.Name}: GET {Uri.UnescapeDataString(path)}", rules, status, body, Ordered, expected);
    }

    /// <summary>The class's relation is asked, its members answer (9.1).</summary>
    private async Task RedirectAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var target = world.Made[made.Fields["rel"][1..]];
        var where = _requests.Where(target);
        rules.Check(target, where);
        var isGet = where.Count == 1 && where["objectId"] is JsonValue;
        var rows = Rows(target, rules, where, isGet ? "get" : "find", null, new IncludePaths());
        foreach (var row in rows)
            row!["className"] = target.Name;
        var path = $"/parse/classes/{made.Name}?limit=1000&redirectClassNameForKey=rel&" + string.Join('&', Parameters(where, null, null, null));
        var (status, body) = await AskAsync("GET", path, null, caller);
        Compare("redirect", $"{caller.Name}: GET {Uri.UnescapeDataString(path)}", rules, status, body, Ordered, new JsonObject { ["results"] = rows });
    }

    private async Task ChangeAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        var body = Changes(made, out var addsField);
        var before = made.Rows.GetValueOrDefault(id);
        var hidden = before is null ? [] : rules.Hidden(made, before);
        if (!rules.IsWritable(made, id, addsField ? ["update", "addField"] : ["update"]))
            Otherwise(rules, 101);
        var (status, answer) = await AskAsync("PUT", $"/parse/classes/{made.Name}/{id}", body, caller);
        Compare("update", $"{caller.Name}: PUT {made.Name}/{id} {body.ToJsonString()}", rules, status, answer,
            a => new JsonArray([.. a.AsObject().Select(f => f.Key).Where(hidden.Contains).Select(k => JsonValue.Create(k))]), new JsonArray());
        if (status == 200)
        {
            await world.RefreshAsync(made, id);
            if (body["rel"] is { } links)
                made.Related[id] = [.. made.Related.GetValueOrDefault(id, []), .. links["objects"]!.AsArray().Select(o => (string)o!["objectId"]!)];
        }
    }

    private async Task CreateAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var body = Changes(made, out var addsField);
        body["ACL"] = world.Acl();
        rules.Require(made, "create");
        if (addsField)
            rules.Require(made, "addField", isCreate: true);
        var (status, answer) = await AskAsync("POST", "/parse/classes/" + made.Name, body, caller);
        Compare("create", $"{caller.Name}: POST {made.Name} {body.ToJsonString()}", rules, status, answer, _ => new JsonObject(), new JsonObject());
        if (status == 201)
        {
            await world.RefreshAsync(made, (string)answer!["objectId"]!);
            if (body["rel"] is { } links)
                made.Related[(string)answer["objectId"]!] = [.. links["objects"]!.AsArray().Select(o => (string)o!["objectId"]!)];
        }
    }

    private async Task DeleteAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        if (!rules.IsWritable(made, id, "delete"))
            Otherwise(rules, 101);
        var (status, answer) = await AskAsync("DELETE", $"/parse/classes/{made.Name}/{id}", null, caller);
        Compare("delete", $"{caller.Name}: DELETE {made.Name}/{id}", rules, status, answer, _ => new JsonObject(), new JsonObject());
        if (status == 200)
            made.Rows.Remove(id);
    }

    private async Task AggregateAsync(MadeClass made, MadeCaller caller)
    {
        var path = $"/parse/aggregate/{made.Name}?" + world.Any(["distinct=t", "pipeline=[{\"$match\":{}}]", "$group={\"_id\":\"$t\"}"]);
        var (status, body) = await AskAsync("GET", path, null, caller);
        Count("aggregate", true);
        if (status != 403)
            Failures.Add($"{caller.Name}: {path} answered {status} {body?.ToJsonString()}");
    }

    private JsonObject Changes(MadeClass made, out bool addsField)
    {
        var body = new JsonObject();
        if (world.Chance(0.5))
            body["s"] = world.Any(["a", "b", "c"]);
        if (world.Chance(0.5))
            body["n"] = new JsonObject { ["__op"] = "Increment", ["amount"] = 1 };
        if (world.Chance(0.1))
            body["o"] = new JsonObject { ["x"] = "a" };
        if (world.Chance(0.1))
            body["t"] = null;
        if (world.Chance(0.2))
            body["owner"] = world.AnyUser();
        if (world.Chance(0.2))
            body["editors"] = new JsonObject { ["__op"] = "AddUnique", ["objects"] = new JsonArray(world.AnyUser()) };
        if (world.Chance(0.2))
            body["rel"] = new JsonObject { ["__op"] = "AddRelation", ["objects"] = new JsonArray(world.AnyPointer(world.Made[made.Fields["rel"][1..]])) };
        if (world.Chance(0.15))
            body["ACL"] = world.Acl() ?? [];
        addsField = world.Chance(0.15);
        if (addsField)
            body[$"fresh{_fresh++}"] = 1;
        return body;
    }

    /// <summary>One request, sometimes as part of a batch.</summary>
    private async Task<(int Status, JsonNode? Body)> AskAsync(string method, string path, JsonObject? body, MadeCaller caller)
    {
        if (path.Contains("/aggregate/", StringComparison.Ordinal) || !world.Chance(0.2))
            return await world.SendAsync(method, path, body, caller.Session);
        var question = path.IndexOf('?', StringComparison.Ordinal);
        if (question >= 0)
        {
            body = [];
            foreach (var parameter in path[(question + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
                body[parameter[..parameter.IndexOf('=', StringComparison.Ordinal)]] = Uri.UnescapeDataString(parameter[(parameter.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            path = path[..question];
        }

        var one = new JsonObject { ["method"] = method, ["path"] = path };
        if (body is not null)
            one["body"] = body.DeepClone();
        var (status, answer) = await world.SendAsync("POST", "/parse/batch", new JsonObject { ["requests"] = new JsonArray(one) }, caller.Session);
        if (status != 200)
            return (status, answer);
        return answer![0]!["success"] is { } success ? (method == "POST" ? 201 : 200, success) : ((int?)answer[0]!["error"]!["code"] == 101 ? 404 : 400, answer[0]!["error"]);
    }

    private JsonArray Rows(MadeClass made, Rules rules, JsonObject where, string operation, string? excluded, IncludePaths tree)
    {
        var readable = rules.Readable(made, operation).ToList();
        if (rules.Refusals.Count > 0)
            return [];
        var rows = new List<JsonObject>();
        foreach (var row in readable.Where(r => rules.Matches(made, r, where)))
        {
            var seen = rules.Seen(made, row);
            Shape(rules, seen, excluded, tree);
            rows.Add(seen);
        }

        return [.. rows.OrderBy(r => (string)r["objectId"]!, StringComparer.Ordinal)];
    }

    private static void Shape(Rules rules, JsonObject seen, string? excluded, IncludePaths tree)
    {
        if (excluded is not null)
            seen.Remove(excluded);
        tree.Restrict(seen);
        rules.Include(seen, tree);
    }

    private static IEnumerable<string> Parameters(JsonObject? where, string? include, string? keys, string? excluded)
    {
        if (where is { Count: > 0 })
            yield return "where=" + Uri.EscapeDataString(where.ToJsonString());
        if (include is not null)
            yield return "include=" + include;
        if (keys is not null)
            yield return "keys=" + keys;
        if (excluded is not null)
            yield return "excludeKeys=" + excluded;
    }

    private static JsonNode Ordered(JsonNode body)
    {
        var copy = body.DeepClone();
        copy["results"] = new JsonArray([.. copy["results"]!.AsArray().Select(r => World.WithoutTimes(r!.AsObject())).OrderBy(r => (string)r["objectId"]!, StringComparer.Ordinal)]);
        return copy;
    }

    private static void Otherwise(Rules rules, int code)
    {
        if (rules.Refusals.Count == 0)
            rules.Refusals.Add(code);
    }

    private void Compare(string what, string request, Rules rules, int status, JsonNode? body, Func<JsonNode, JsonNode> shown, JsonNode? expected)
    {
        var code = status is 200 or 201 ? 0 : (int?)body?["code"] ?? -1;
        Count(what, code == 0);
        if (rules.Refusals.Count > 0 ? rules.Refusals.Contains(code) : rules.Allowances.Contains(code))
            return;
        if (rules.Refusals.Count > 0)
            Failures.Add($"{request}\n  must be refused with {string.Join(" or ", rules.Refusals)}, but: {status} {body?.ToJsonString()}");
        else if (code != 0)
            Failures.Add($"{request}\n  must be answered, but: {status} {body?.ToJsonString()}\n  expected {expected?.ToJsonString()}");
        else if (!JsonNode.DeepEquals(shown(body!), expected))
            Failures.Add($"{request}\n  answered {shown(body!).ToJsonString()}\n  expected {expected?.ToJsonString()}");
    }

    private void Count(string what, bool answered)
    {
        var key = what + (answered ? " answered" : " refused");
        _seen[key] = _seen.GetValueOrDefault(key) + 1;
    }

    private void Note((string What, bool Answered, string? Failure) step)
    {
        Count("v2 " + step.What, step.Answered);
        if (step.Failure is { } failure)
            Failures.Add(failure);
    }
}
