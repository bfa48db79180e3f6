using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Api.Tests.Rows;

/// <summary>Rules by fields of the row, and fields that are hidden row by row, are the same in v2 as in the old dialect.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class OwnerTests
{
    private ApiHost _api = null!;
    private (string Id, (string, string) Bearer) _ann;
    private (string Id, (string, string) Bearer) _bob;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        _ann = await SignUpAsync("ann");
        _bob = await SignUpAsync("bob");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task Rows_belong_to_the_users_in_their_arrays_and_references()
    {
        var rule = new PermissionRule(false, false, [], ["owner", "editors"]);
        var table = await _api.TableAsync([new("owner", FieldKind.Reference, "_User"), new("editors", FieldKind.Array), new("n", FieldKind.Number)],
            new TablePermissions { Find = rule, Get = rule, Count = rule, Update = rule, Delete = new PermissionRule(false, false, [], ["owner"]) });
        var id = await InsertAsync(table, $$$"""{"owner":"{{{_ann.Id}}}","editors":[{"__type":"Pointer","className":"_User","objectId":"{{{_bob.Id}}}"}],"n":1}""");
        var path = $"rows/{table.Name}";

        foreach (var (bearer, found) in new[] { (_ann.Bearer, 1), (_bob.Bearer, 1), (("X-Nobody", "in particular"), 0) })
        {
            using var list = await _api.GetAsync(path, bearer, ("Prefer", "count=exact"));
            Assert.That((list.Status, list.Json.GetArrayLength()), Is.EqualTo((200, found)), list.Text);
            Assert.That(list["Content-Range"], Does.EndWith($"/{found}"));
            using var one = await _api.GetAsync($"{path}/{id}", bearer);
            Assert.That(one.Status, Is.EqualTo(found == 1 ? 200 : 404));
        }

        using var patched = await _api.SendAsync("PATCH", $"{path}/{id}", """{"n":2}""", _bob.Bearer);
        Assert.That(patched.Status, Is.EqualTo(204), patched.Text);
        using var foreign = await _api.SendAsync("DELETE", $"{path}/{id}", null, _bob.Bearer);
        Assert.That(foreign.Status, Is.EqualTo(404));
        using var own = await _api.SendAsync("DELETE", $"{path}/{id}", null, _ann.Bearer);
        Assert.That(own.Status, Is.EqualTo(204), own.Text);
    }

    [Test]
    public async Task Hidden_fields_show_to_the_users_in_the_row_alone_and_are_no_conditions()
    {
        var table = await _api.TableAsync([new("owner", FieldKind.Reference, "_User"), new("pin", FieldKind.Number), new("n", FieldKind.Number)], new TablePermissions
        {
            ProtectedFields = new Dictionary<string, ImmutableArray<string>> { ["*"] = ["pin"], ["userField:owner"] = [] }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        });
        var inner = await InsertAsync(table, $$"""{"owner":"{{_ann.Id}}","pin":7,"n":1}""");
        var outer = await _api.TableAsync([new("of", FieldKind.Reference, table.Origin)]);
        await _api.InsertAsync(outer, $$"""{"of":"{{inner}}"}""");

        foreach (var (path, prefix) in new[] { ($"rows/{table.Name}?select=n,pin", ""), ($"rows/{outer.Name}?select=of(n,pin)", "of") })
        {
            using var own = await _api.GetAsync(path, _ann.Bearer);
            using var other = await _api.GetAsync(path, _bob.Bearer);
            Assert.That(Pin(own), Is.EqualTo("7"), own.Text);
            Assert.That(Pin(other), Is.EqualTo("nothing"), other.Text);

            string Pin(Answer answer)
            {
                var row = answer.Json[0];
                if (prefix.Length > 0)
                    row = row.GetProperty(prefix);
                Assert.That(row.GetProperty("n").GetDouble(), Is.EqualTo(1));
                return row.TryGetProperty("pin", out var pin) && pin.ValueKind != System.Text.Json.JsonValueKind.Null ? pin.GetRawText() : "nothing";
            }
        }

        foreach (var path in new[] { $"rows/{table.Name}?pin=eq.7", $"rows/{table.Name}?or=(n.eq.2,pin.gt.1)", $"rows/{table.Name}?order=pin", $"rows/{outer.Name}?select=of!inner(n)&of.pin=eq.7" })
        {
            using var refused = await _api.GetAsync(path, _bob.Bearer);
            Assert.That((refused.Status, refused.Code), Is.EqualTo((403, "42501")), $"{path}: {refused.Text}");
        }
    }

    /// <summary>Inserts a row as anybody may; whom it belongs to stands in it.</summary>
    private async Task<string> InsertAsync(Table table, string json)
    {
        using var answer = await _api.SendAsync("POST", $"rows/{table.Name}", json);
        Assert.That(answer.Status, Is.EqualTo(201), answer.Text);
        return answer["Location"]!.Split('/')[^1];
    }

    private async Task<(string Id, (string, string) Bearer)> SignUpAsync(string name)
    {
        using var answer = await _api.SendAsync("POST", "auth/sign-up", $$"""{"username":"{{name}}","password":"p4ss"}""");
        return (answer.Json.GetProperty("user_id").GetString()!, ("Authorization", "Bearer " + answer.Json.GetProperty("access_token").GetString()));
    }
}
