using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>Makes up conditions and parameters of reads.</summary>
internal sealed class Requests(World world)
{
    private static readonly string[] Texts = ["a", "b", "c"];
    private static readonly string[] Selectable = ["s", "t", "n", "owner", "editors", "p", "list", "rel", "o"];
    private static readonly string[] Paths = ["owner", "editors", "p", "list", "p.p", "p.owner", "list.p", "list.list", "p.list.owner", "list.editors", "p.p.p", "o.p", "o.p.p", "p.o.p"];

    /// <summary>Conditions on a class's rows.</summary>
    public JsonObject Where(MadeClass made, int depth = 0)
    {
        var where = new JsonObject();
        for (var terms = world.Chance(0.6) ? 1 : 2; terms > 0; terms--)
        {
            var (key, condition) = Term(made, depth);
            where[key] = condition;
        }

        return where;
    }

    /// <summary>Paths to include and keys, as the parameters and as a tree.</summary>
    public (string? Include, string? Keys, string? ExcludeKeys, IncludePaths Tree) Reading(MadeClass made)
    {
        var tree = new IncludePaths();
        string? include = null, keys = null, excluded = null;
        if (world.Chance(0.6))
        {
            var paths = world.Chance(0.2) ? ["*"] : Enumerable.Range(0, 1 + (world.Chance(0.5) ? 1 : 0)).Select(_ => world.Any(Paths)).ToList();
            include = string.Join(',', paths);
            foreach (var path in paths.SelectMany(p => p == "*" ? ["owner", "editors", "p", "list"] : new[] { p }))
                tree.Add(path);
        }

        if (world.Chance(0.3))
        {
            var chosen = Selectable.Where(_ => world.Chance(0.4)).ToList();
            if (world.Chance(0.4))
                chosen.Add("p." + world.Any(Selectable));
            keys = string.Join(',', chosen);
            if (chosen.Count == 0)
                keys = "objectId";
            foreach (var key in keys.Split(','))
                tree.Select(key);
            if (include == "*")
                new List<string> { "owner", "editors", "p", "list" }.ForEach(tree.Select);
        }
        else if (world.Chance(0.2))
        {
            excluded = world.Any(Selectable);
        }

        _ = made;
        return (include, keys, excluded, tree);
    }

    private (string, JsonNode) Term(MadeClass made, int depth)
    {
        if (depth < 2 && world.Chance(0.15))
            return (world.Any(["$or", "$and", "$nor"]), new JsonArray(Where(made, depth + 1), Where(made, depth + 1)));
        if (world.Chance(0.08))
            return ("$relatedTo", new JsonObject { ["object"] = world.AnyPointer(Owners(made)), ["key"] = "rel" });
        var key = world.Any(["objectId", "s", "t", "n", "owner", "editors", "p", "list", "rel", "o", "o.x"]);
        return (key, Condition(made, key, depth));
    }

    /// <summary>A class whose relation leads to this one, if there is any.</summary>
    private MadeClass Owners(MadeClass made) => world.Any(world.Own.Where(m => m.Fields["rel"] == "<" + made.Name).DefaultIfEmpty(made).ToList());

    private JsonNode Condition(MadeClass made, string key, int depth)
    {
        var id = $"{made.Name}r{(world.Chance(0.5) ? 1 : 3)}";
        switch (key)
        {
            case "objectId" when world.Chance(0.5): return id;
            case "objectId": return new JsonObject { ["$in"] = new JsonArray(id, $"{made.Name}r0", $"{made.Name}r5") };
            case "rel":
                var members = world.Made[made.Fields["rel"][1..]];
                return depth < 2 && world.Chance(0.5)
                    ? new JsonObject { ["$inQuery"] = Inner(members, depth) }
                    : world.AnyPointer(members);
            case "owner" or "editors" when world.Chance(0.6): return world.AnyUser();
        }

        if (world.Chance(0.2))
            return new JsonObject { ["$exists"] = world.Chance(0.5) };
        switch (key)
        {
            case "t":
                return world.Chance(0.5) ? $"secret-{id}" : new JsonObject { ["$ne"] = $"secret-{id}" };
            case "n" when world.Chance(0.6):
                return new JsonObject { [world.Any(["$gt", "$lt"])] = world.Any([0, 1, 2]) };
            case "s" when world.Chance(0.5):
                return new JsonObject { [world.Any(["$in", "$nin"])] = new JsonArray(world.Any(Texts), world.Any(Texts)) };
            case "o.x" when world.Chance(0.5):
                return world.Any(Texts);
            case "o.x":
                return new JsonObject { [world.Any(["$in", "$nin"])] = new JsonArray(world.Any(Texts), world.Any(Texts)) };
            case "o":
                return new JsonObject { ["$exists"] = world.Chance(0.5) };
            case "s" or "n" when depth < 2:
                var inner = world.Any(world.Own);
                return new JsonObject { [world.Any(["$select", "$dontSelect"])] = new JsonObject { ["query"] = Inner(inner, depth), ["key"] = key } };
            case "n": return 2;
            case "s": return "b";
            case "owner" or "editors": return new JsonObject { ["$ne"] = world.AnyUser() };
        }

        var target = key == "p" ? world.Made[made.Fields["p"][1..]] : world.Any(world.Own);
        return depth < 2 && world.Chance(0.6) ? new JsonObject { [world.Any(["$inQuery", "$notInQuery"])] = Inner(target, depth) } : world.AnyPointer(target);
    }

    private JsonObject Inner(MadeClass made, int depth) => new() { ["className"] = made.Name, ["where"] = world.Chance(0.3) ? [] : Where(made, depth + 1) };
}
