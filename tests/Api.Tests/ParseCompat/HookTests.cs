using System.Text.Json.Nodes;
using Backend.Data.Catalog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backend.Api.Tests.ParseCompat;

/// <summary>Web hooks that were declared over the old dialect hold for v2 too, as long as that dialect lives.</summary>
internal sealed class HookTests
{
    [Test]
    public async Task Triggers_of_a_table_are_called_for_v2_and_what_they_say_holds()
    {
        await using var host = await ApiHost.StartAsync();
        var calls = new List<(string Path, JsonNode Body)>();
        await using var receiver = await ReceiverAsync(calls, (path, body) => path switch
        {
            "/beforeSave" when (double?)body["object"]!["score"] == 13 => """{"error":"unlucky"}""",
            "/beforeSave" => """{"success":{"score":7,"tag":"hook"}}""",
            "/beforeDelete" => """{"error":{"message":"kept"}}""",
            "/afterFind" => new JsonObject { ["success"] = new JsonArray([.. body["objects"]!.AsArray().Take(1).Select(o => Changed(o!))]) }.ToJsonString(),
            _ => "{}",
        });
        foreach (var trigger in new[] { "beforeSave", "afterSave", "beforeDelete", "afterDelete", "beforeFind", "afterFind" })
            await host.Database.ExecuteAsync($"insert into parse_compat.hooks (class_name, trigger_name, url) values ('Thing1', '{trigger}', '{receiver.Urls.First()}/{trigger}')");
        var table = await host.TableAsync([new FieldSpec("score", FieldKind.Number), new FieldSpec("tag", FieldKind.Text)]); // reads the hooks too
        var rows = $"rows/{table.Name}";

        using (var refused = await host.SendAsync("POST", rows, """{"score":13}"""))
            Assert.That((refused.Status, refused.Code, refused.Json.GetProperty("message").GetString()), Is.EqualTo((422, "rejected", "unlucky")));
        using (var made = await host.SendAsync("POST", rows, """[{"score":1},{"score":2}]""", ("Prefer", "return=representation")))
        {
            Assert.That(made.Status, Is.EqualTo(201), made.Text);
            Assert.That(made.Json.EnumerateArray().Select(r => $"{r.GetProperty("score")} {r.GetProperty("tag")}"), Is.EqualTo(new[] { "7 hook", "7 hook" }));
        }

        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeSave", "/beforeSave", "/afterSave", "/beforeSave", "/afterSave" }));
        var (_, after) = calls[^1];
        Assert.That(((double?)after["object"]!["score"], (string?)after["object"]!["className"], after["original"]), Is.EqualTo((7d, "Thing1", (JsonNode?)null)));
        calls.Clear();

        using (var list = await host.GetAsync($"{rows}?order=createdAt"))
            Assert.That(list.Json.EnumerateArray().Select(r => $"{r.GetProperty("score")} {r.GetProperty("tag")}"), Is.EqualTo(new[] { "100 hook" }), list.Text);
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeFind", "/afterFind" }));
        var id = (string)calls[1].Body["objects"]![0]!["objectId"]!;
        calls.Clear();

        using (var one = await host.GetAsync($"{rows}/{id}"))
            Assert.That(one.Json.GetProperty("score").GetDouble(), Is.EqualTo(100));
        using (var kept = await host.SendAsync("DELETE", $"{rows}/{id}"))
            Assert.That((kept.Status, kept.Json.GetProperty("message").GetString()), Is.EqualTo((422, "kept")));
        using (var changed = await host.SendAsync("PATCH", $"{rows}?id=eq.{id}", """{"tag":"mine"}""", ("Prefer", "return=representation")))
            Assert.That(changed.Json[0].GetProperty("tag").GetString(), Is.EqualTo("hook"), changed.Text);
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeFind", "/afterFind", "/beforeDelete", "/beforeSave", "/afterSave" }));
        Assert.That((string?)calls[3].Body["original"]!["objectId"], Is.EqualTo(id));

        static JsonNode Changed(JsonNode row)
        {
            var changed = row.DeepClone();
            changed["score"] = 100;
            return changed;
        }
    }

    [Test]
    public async Task Triggers_around_a_log_in_and_before_a_reset_are_called_for_v2()
    {
        await using var host = await ApiHost.StartAsync(("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"));
        var calls = new List<(string Path, JsonNode Body)>();
        var isRefused = false;
        await using var receiver = await ReceiverAsync(calls, (_, _) => isRefused ? """{"error":"not now"}""" : "{}");
        foreach (var trigger in new[] { "beforeLogin", "afterLogin", "beforePasswordResetRequest" })
            await host.Database.ExecuteAsync($"insert into parse_compat.hooks (class_name, trigger_name, url) values ('_User', '{trigger}', '{receiver.Urls.First()}/{trigger}')");
        await host.TableAsync([]); // reads the hooks too
        using var signedUp = await host.SendAsync("POST", "auth/sign-up", """{"username":"ann","password":"p4ss","email":"ann@example.com"}""");
        Assert.That(signedUp.Status, Is.EqualTo(201), signedUp.Text);
        calls.Clear();

        Task<Answer> LogInAsync(string password) =>
            host.SendAsync("POST", "auth/token", $"grant_type=password&username=ann&password={password}", ("Content-Type", "application/x-www-form-urlencoded"));
        using (var wrong = await LogInAsync("no"))
            Assert.That((wrong.Status, calls.Count), Is.EqualTo((400, 0)));
        using (var right = await LogInAsync("p4ss"))
            Assert.That(right.Status, Is.EqualTo(200), right.Text);
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeLogin", "/afterLogin" }));
        Assert.That(((string?)calls[0].Body["object"]!["username"], (string?)calls[1].Body["object"]!["sessionToken"]), Is.EqualTo(("ann", (string?)calls[1].Body["user"]!["sessionToken"])));

        using (var reset = await host.SendAsync("POST", "auth/password-reset", """{"email":"ann@example.com"}"""))
            Assert.That((reset.Status, calls[^1].Path), Is.EqualTo((202, "/beforePasswordResetRequest")));

        isRefused = true;
        using (var refused = await LogInAsync("p4ss"))
            Assert.That((refused.Status, refused.Json.GetProperty("error").GetString(), refused.Json.GetProperty("message").GetString()), Is.EqualTo((400, "invalid_grant", "not now")), refused.Text);
        using (var refused = await host.SendAsync("POST", "auth/password-reset", """{"email":"ann@example.com"}"""))
            Assert.That((refused.Status, refused.Code), Is.EqualTo((422, "rejected")));
        using (var unknown = await host.SendAsync("POST", "auth/password-reset", """{"email":"nobody@example.com"}"""))
            Assert.That(unknown.Status, Is.EqualTo(202));
    }

    private static async Task<WebApplication> ReceiverAsync(List<(string Path, JsonNode Body)> calls, Func<string, JsonNode, string> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async http =>
        {
            var (path, body) = (http.Request.Path.Value!, (await JsonNode.ParseAsync(http.Request.Body))!);
            calls.Add((path, body));
            await http.Response.WriteAsync(answer(path, body));
        });
        await app.StartAsync();
        return app;
    }
}
