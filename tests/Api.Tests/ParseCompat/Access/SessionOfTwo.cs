using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>The same rules in v2.</summary>
internal sealed class SessionOfTwo(World world, Random random)
{
    private static readonly string[] Columns = ["s", "n", "t", "owner", "p"];

    private static readonly string[] UserColumns = ["username", "email"];
    private static readonly string[] EmbeddedColumns = ["s", "t"];

    /// <summary>Sends one request; what it was, whether it was answered, and what is wrong with that.</summary>
    public async Task<(string What, bool Answered, string? Failure)> StepAsync(MadeClass made, MadeCaller caller)
    {
        var rules = new Rules(world.Made, caller);
        return random.Next(10) switch
        {
            < 2 => await GetAsync(made, caller, rules),
            < 7 => await ListAsync(made, caller, rules),
            7 => await ChangeOneAsync(made, caller, rules),
            8 => await ChangeManyAsync(made, caller, rules),
            _ => await InsertAsync(made, caller, rules),
        };
    }

    private async Task<(string, bool, string?)> GetAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        var row = rules.Get(made, id);
        var embeds = world.Chance(0.4);
        var expected = row is null || rules.Refusals.Count > 0 ? null : Shown(rules, made, row, embeds);
        return Compare("get", $"rows/{made.Name}/{id}?select={Select(embeds)}", caller, rules, await AskAsync("GET", $"rows/{made.Name}/{id}?select={Select(embeds)}", null, caller),
            expected, row is null);
    }

    private async Task<(string, bool, string?)> ListAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var (text, fulfils) = Conditions(made, rules);
        var embeds = world.Chance(0.4);
        var path = $"rows/{made.Name}?limit=1000&select={Select(embeds)}{text}";
        if (world.Chance(0.2))
        {
            var order = world.Any(Columns);
            path += $"&order={order}.desc";
            if (rules.Hidden(made, null).Contains(order))
                rules.Refusals.Add(119);
        }

        var readable = rules.Readable(made, "find").ToList();
        var counts = world.Chance(0.3);
        if (counts)
            rules.Require(made, "count");
        JsonArray? expected = null;
        if (rules.Refusals.Count == 0)
            expected = [.. readable.Where(fulfils).OrderBy(r => (string)r["objectId"]!, StringComparer.Ordinal).Select(r => Shown(rules, made, r, embeds))];
        return Compare("list", path, caller, rules, await AskAsync("GET", path, null, caller, counts ? [("Prefer", "count=exact")] : []), expected, false);
    }

    private async Task<(string, bool, string?)> ChangeOneAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        var isDelete = world.Chance(0.1);
        var isWritable = rules.IsWritable(made, id, isDelete ? "delete" : "update");
        var path = $"rows/{made.Name}/{id}";
        var answer = await AskAsync(isDelete ? "DELETE" : "PATCH", path, isDelete ? null : new JsonObject { ["s"] = world.Any(["a", "b", "c"]) }, caller);
        if (answer.Status < 300)
            await world.RefreshAsync(made, id);
        return Compare("change", path, caller, rules, answer, null, !isWritable);
    }

    // What may be found and fulfils the conditions, and may be written, is written; nothing of it is told but how many.
    private async Task<(string, bool, string?)> ChangeManyAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        var (text, fulfils) = Conditions(made, rules);
        if (text.Length == 0 || text.Contains("inner", StringComparison.Ordinal))
            return await GetAsync(made, caller, rules);
        var returns = world.Chance(0.5);
        var found = rules.Readable(made, "find").Where(fulfils).Select(r => (string)r["objectId"]!).ToList();
        var written = found.Where(id => rules.IsWritable(made, id, "update")).ToList();
        rules.Require(made, "update");
        if (returns)
            rules.Require(made, "get");
        var path = $"rows/{made.Name}?select={Select(false)}{text}";
        var answer = await AskAsync("PATCH", path, new JsonObject { ["n"] = random.Next(4) }, caller, returns ? [("Prefer", "return=representation")] : []);
        JsonArray? expected = null;
        if (answer.Status < 300)
        {
            foreach (var id in written)
                await world.RefreshAsync(made, id);
            if (returns)
                expected = [.. written.Order(StringComparer.Ordinal).Select(id => rules.Get(made, id)).OfType<JsonObject>().Select(r => Shown(rules, made, r, false))];
        }

        return Compare("change by condition", path, caller, rules, answer, expected, false);
    }

    private async Task<(string, bool, string?)> InsertAsync(MadeClass made, MadeCaller caller, Rules rules)
    {
        rules.Require(made, "create");
        var answer = await AskAsync("POST", $"rows/{made.Name}", new JsonObject { ["s"] = "a", ["acl"] = new JsonObject { ["read"] = new JsonArray(), ["write"] = new JsonArray() } }, caller);
        if (answer.Status == 201)
            await world.RefreshAsync(made, answer.Location!.Split('/')[^1]);
        return Compare("insert", $"rows/{made.Name}", caller, rules, answer, null, false);
    }

    /// <summary>Conditions as they stand in the address, and what they mean. Null is unknown, as in SQL.</summary>
    private (string Text, Func<JsonObject, bool> Fulfils) Conditions(MadeClass made, Rules rules)
    {
        var text = "";
        var all = new List<Func<JsonObject, bool>>();
        for (var terms = random.Next(3); terms > 0; terms--)
        {
            var (term, field, fulfils) = Term(made, '=');
            if (rules.Hidden(made, null).Contains(field))
                rules.Refusals.Add(119);
            if (world.Chance(0.2))
            {
                var (other, otherField, otherFulfils) = Term(made, '.');
                var (first, _, _) = (term.Replace('=', '.'), field, fulfils);
                if (rules.Hidden(made, null).Contains(otherField))
                    rules.Refusals.Add(119);
                text += $"&or=({first},{other})";
                all.Add(r => fulfils(r) || otherFulfils(r));
            }
            else
            {
                text += "&" + term;
                all.Add(fulfils);
            }
        }

        return (text, r => all.TrueForAll(f => f(r)));
    }

    private (string Text, string Field, Func<JsonObject, bool> Fulfils) Term(MadeClass made, char equals)
    {
        var id = $"{made.Name}r{random.Next(8)}";
        var number = random.Next(3);
        var user = (string)world.AnyUser()["objectId"]!;
        var text = world.Any(["a", "b", "c"]);
        return random.Next(8) switch
        {
            0 => ($"s{equals}eq.{text}", "s", r => (string?)r["s"] == text),
            1 => ($"n{equals}gt.{number}", "n", r => r["n"] is { } n && Rules.Number(n) > number),
            2 => ($"t{equals}eq.secret-{id}", "t", r => (string?)r["t"] == $"secret-{id}"),
            3 => ($"owner{equals}eq.{user}", "owner", r => (string?)r["owner"]?["objectId"] == user),
            4 => ($"s{equals}is.null", "s", r => r["s"] is null),
            5 => ($"id{equals}eq.{id}", "id", r => (string?)r["objectId"] == id),
            6 => ($"t{equals}like.secret*", "t", r => r["t"] is not null),
            _ => ($"n{equals}not.eq.{number}", "n", r => r["n"] is { } n && Rules.Number(n) != number),
        };
    }

    private static string Select(bool embeds) => embeds ? "id,s,n,t,owner(id,username,email),p(id,s,t)" : "id,s,n,t,owner,p";

    private JsonObject Shown(Rules rules, MadeClass made, JsonObject row, bool embeds)
    {
        var seen = rules.Seen(made, row);
        var shown = new JsonObject { ["id"] = (string)row["objectId"]! };
        foreach (var column in Columns)
        {
            if (seen[column] is not { } value)
                continue;
            if (value is not JsonObject pointer)
            {
                shown[column] = value.DeepClone();
            }
            else if (!embeds)
            {
                shown[column] = (string)pointer["objectId"]!;
            }
            else
            {
                var target = world.Made[(string)pointer["className"]!];
                if (rules.Get(target, (string)pointer["objectId"]!) is not { } found)
                    continue;
                var part = new JsonObject { ["id"] = (string)found["objectId"]! };
                var visible = rules.Seen(target, found);
                foreach (var name in column == "owner" ? UserColumns : EmbeddedColumns)
                {
                    if (visible[name] is { } inner)
                        part[name] = inner.DeepClone();
                }

                shown[column] = part;
            }
        }

        return shown;
    }

    private Task<(int Status, JsonNode? Body, string? Location)> AskAsync(string method, string path, JsonObject? body, MadeCaller caller, params (string, string)[] headers) =>
        world.SendTwoAsync(method, path, body, [.. caller.Bearer, .. headers]);

    private static (string, bool, string?) Compare(
        string what, string path, MadeCaller caller, Rules rules, (int Status, JsonNode? Body, string? Location) answer, JsonNode? expected, bool isMissing)
    {
        var request = $"{caller.Name}: v2 {what} {path}\n  answered {answer.Status} {answer.Body?.ToJsonString()}\n  ";
        var answered = answer.Status < 300;
        if (rules.Refusals.Count > 0)
            return (what, answered, answer.Status is 401 or 403 ? null : request + "must be refused");
        if (isMissing)
            return (what, answered, answer.Status == 404 ? null : request + "must not be there");
        if (!answered)
            return (what, answered, request + $"must be answered {expected?.ToJsonString()}");
        if (expected is not null && !JsonNode.DeepEquals(Ordered(answer.Body!), expected))
            return (what, answered, request + $"expected {expected.ToJsonString()}");
        return (what, answered, null);
    }

    /// <summary>Rows in the order of their ids, without what is null.</summary>
    private static JsonNode Ordered(JsonNode body)
    {
        var copy = body.DeepClone();
        foreach (var row in (copy as JsonArray)?.OfType<JsonObject>() ?? [copy.AsObject()])
        {
            foreach (var (name, value) in row.ToList())
            {
                if (value is null)
                    row.Remove(name);
                else if (value is JsonObject part)
                    part.Where(f => f.Value is null).Select(f => f.Key).ToList().ForEach(k => part.Remove(k));
            }
        }

        return copy is JsonArray list ? new JsonArray([.. list.OrderBy(r => (string)r!["id"]!, StringComparer.Ordinal).Select(r => r!.DeepClone())]) : copy;
    }
}
