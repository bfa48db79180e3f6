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

    /// <summary>The table of docs/v2.md, line by line.</summary>
    [Test]
    public async Task Each_step_of_an_account_meets_the_triggers_that_it_met_in_the_old_dialect()
    {
        await using var host = await ApiHost.StartAsync(("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"), ("Accounts:VerifyEmails", "true"));
        var calls = new List<(string Path, JsonNode Body)>();
        await using var receiver = await ReceiverAsync(calls, (path, body) => path == "/beforeSave" && (string?)body["object"]!["password"] is { Length: < 4 } ? """{"error":{"code":142,"error":"too short"}}"""
            : path == "/beforeSave" ? Tagged(body["object"]!) : "{}");
        foreach (var trigger in new[] { "beforeSave", "afterSave", "beforeLogin", "afterLogin", "beforePasswordResetRequest" })
            await host.Database.ExecuteAsync($"insert into parse_compat.hooks (class_name, trigger_name, url) values ('_User', '{trigger}', '{receiver.Urls.First()}/{trigger}')");
        await host.Database.ExecuteAsync($"insert into parse_compat.hooks (class_name, trigger_name, url) values ('_Session', 'afterLogout', '{receiver.Urls.First()}/afterLogout')");
        await host.TableAsync([]); // reads the hooks too

        using (var refused = await host.SendAsync("POST", "auth/sign-up", """{"username":"ann","password":"no"}"""))
            Assert.That((refused.Status, refused.Json.GetProperty("message").GetString()), Is.EqualTo((422, "too short")), refused.Text);
        Assert.That(Called(), Is.EqualTo("beforeSave"));
        using var signedUp = await host.SendAsync("POST", "auth/sign-up", """{"username":"ann","password":"p4ss","email":"ann@example.com"}""");
        Assert.That(signedUp.Status, Is.EqualTo(201), signedUp.Text);
        Assert.That(calls[0].Body["object"]!["password"]!.ToString(), Is.EqualTo("p4ss"));
        Assert.That(calls[1].Body["object"]!["password"], Is.Null);
        Assert.That((string?)calls[1].Body["object"]!["tag"], Is.EqualTo("hook"));
        Assert.That(Called(), Is.EqualTo("beforeSave afterSave"));

        var form = ("Content-Type", "application/x-www-form-urlencoded");
        using var loggedIn = await host.SendAsync("POST", "auth/token", "grant_type=password&username=ann&password=p4ss", form);
        Assert.That(loggedIn.Status, Is.EqualTo(200), "the password is the one that was chosen, although the hook's answer does not name it");
        Assert.That(Called(), Is.EqualTo("beforeLogin afterLogin"));
        using var refreshed = await host.SendAsync("POST", "auth/token", "grant_type=refresh_token&refresh_token=" + loggedIn.Json.GetProperty("refresh_token").GetString(), form);
        Assert.That((refreshed.Status, Called()), Is.EqualTo((200, "")));
        var bearer = ("Authorization", "Bearer " + refreshed.Json.GetProperty("access_token").GetString());
        var sessionToken = await host.Database.ScalarAsync<string>("select token from app.sessions order by created_at desc limit 1");
        using var exchanged = await host.SendAsync("POST", "auth/token",
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token=" + sessionToken, form);
        Assert.That((exchanged.Status, Called()), Is.EqualTo((200, "")));

        using (var refused = await host.SendAsync("PATCH", "auth/user", """{"password":"no"}""", bearer))
            Assert.That((refused.Status, Called()), Is.EqualTo((422, "beforeSave")));
        using (var changed = await host.SendAsync("PATCH", "auth/user", """{"email":"other@example.com"}""", bearer))
            Assert.That((changed.Status, Called()), Is.EqualTo((200, "beforeSave afterSave")), changed.Text);

        var verify = await host.Database.ScalarAsync<string>("select email_verify_token from app.users");
        using (var verified = await host.GetAsync("auth/verification?token=" + verify))
            Assert.That((verified.Status, (bool?)calls[^1].Body["object"]!["emailVerified"], (bool?)calls[^1].Body["master"], Called()), Is.EqualTo((200, true, true, "beforeSave afterSave")));
        using (var asked = await host.SendAsync("POST", "auth/password-reset", """{"email":"other@example.com"}"""))
            Assert.That((asked.Status, Called()), Is.EqualTo((202, "beforePasswordResetRequest")));
        var reset = await host.Database.ScalarAsync<string>("select reset_token from app.users");
        using (var refused = await host.SendAsync("POST", "auth/password-reset/complete", $$"""{"token":"{{reset}}","password":"no"}"""))
            Assert.That((refused.Status, Called()), Is.EqualTo((422, "beforeSave")), refused.Text);

        using (var left = await host.SendAsync("POST", "auth/log-out", null, bearer))
            Assert.That((left.Status, (string?)calls[^1].Body["object"]!["className"], Called()), Is.EqualTo((204, "_Session", "afterLogout")));
        using (var done = await host.SendAsync("POST", "auth/password-reset/complete", $$"""{"token":"{{reset}}","password":"long enough"}"""))
            Assert.That((done.Status, Called()), Is.EqualTo((204, "beforeSave afterSave")), done.Text);
        using var again = await host.SendAsync("POST", "auth/token", "grant_type=password&username=ann&password=long+enough", form);
        Assert.That((again.Status, Called()), Is.EqualTo((200, "beforeLogin afterLogin")), again.Text);
        using (var revoked = await host.SendAsync("POST", "auth/revoke", "token=" + again.Json.GetProperty("refresh_token").GetString(), form))
            Assert.That((revoked.Status, Called()), Is.EqualTo((200, "afterLogout")));
        using (var revoked = await host.SendAsync("POST", "auth/revoke", "token=" + again.Json.GetProperty("refresh_token").GetString(), form))
            Assert.That((revoked.Status, Called()), Is.EqualTo((200, "")));

        static string Tagged(JsonNode saved)
        {
            var answer = saved.DeepClone().AsObject();
            answer.Remove("password");
            answer["tag"] = "hook";
            return new JsonObject { ["success"] = answer }.ToJsonString();
        }

        string Called()
        {
            var called = string.Join(' ', calls.Select(c => c.Path[1..]));
            calls.Clear();
            return called;
        }
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
