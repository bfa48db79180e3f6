using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backend.MongoDouble.Bson;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.Moves;

/// <summary>
/// The whole move, by the commands of docs/migration.md: the sample app lies in a live MongoDB (a stand-in, spoken to by the real driver), is imported,
/// followed while the old server goes on writing, and cut over; its installs go on; then everything goes back.
/// </summary>
[NonParallelizable]
public sealed class MoveTests
{
    private const string AnnsToken = "r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01";
    private const string BensNewToken = "r:b0000000000000000000000000000000";

    [Test]
    public async Task An_app_moves_while_its_installs_go_on_and_can_go_back()
    {
        if (!Directory.Exists(Repository.File("scripts", "mongo-bridge", "node_modules")))
            Prerequisite.Missing("The Node packages are missing: npm ci --prefix scripts/mongo-bridge");
        await using var old = new OldServer();
        await using var database = await TestDatabase.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("move-").FullName;
        Task<string> Tool(params string[] arguments) => ImportTool.RunAsync(database.ConnectionString, folder, arguments);
        string[] files = ["--files", Path.Combine(folder, "files")];
        await Tool(["import", old.Uri, .. files]);

        await using var first = await ApiProcess.StartAsync(database.ConnectionString);
        await using var second = await ApiProcess.StartAsync(database.ConnectionString);
        await using var nginx = await NginxServer.StartAsync([first.Port, second.Port]);
        using var install = new RestClient(nginx.Url);

        // The old server goes on while the new one follows.
        await using (var follow = ImportTool.Start(database.ConnectionString, folder, ["follow", old.Uri, .. files]))
        {
            old.LogIn("sMoved0001", BensNewToken, "uBen000002");
            old.Create("GameScore", "moved00001", new MongoDoc { { "score", 77.0 }, { "playerName", "Ann" }, { "_p_player", "_User$uAnn000001" } });
            old.Change("GameScore", "gs00000001", new MongoDoc { { "score", 4321.0 } });
            old.Delete("GameScore", "gs00000002");
            old.AddField("GameScore", "bonus", "number");
            old.Change("GameScore", "gs00000003", new MongoDoc { { "bonus", 5.0 } });
            old.Link("users", "_Role", "rMembr0003", "uEve000006");
            await ComesAsync(install, "classes/GameScore/gs00000003", row => row["bonus"]?.GetValue<double>() == 5, follow);

            var (status, refusal) = await install.SendAsync("POST", "classes/GameScore", new { score = 1 }, AnnsToken);
            Assert.That(status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(refusal?["error"]?.GetValue<string>(), Is.Not.Empty, "SDKs read the key error");

            Assert.That(await Tool(["verify", old.Uri, .. files]), Does.Match(@"\(files\) +2 +2 +2 "));
            for (var i = 0; i < 200; i++)
            {
                old.Change("GameScore", "gs00000004", new MongoDoc { { "score", (double)i } });
                old.Create("GameScore", $"late{i:000000}", new MongoDoc { { "score", (double)i }, { "playerName", "late" } });
                await Task.Delay(2);
            }
            Assert.That(await follow.InterruptAsync(), Is.EqualTo(130), follow.Output);
        }
        old.Change("GameScore", "gs00000005", new MongoDoc { { "score", 99.5 } });

        // The old server has stopped.
        var clock = Stopwatch.StartNew();
        var said = await Tool(["cutover", old.Uri, "--source-stopped", .. files]);
        TestContext.Out.WriteLine($"The cut-over took {clock.Elapsed.TotalSeconds:0.0} s, with the start of the program:\n{said}");

        // Old installs go on, as they were logged in, with what was written to the last moment.
        var score = await install.DoAsync("GET", "classes/GameScore/gs00000004", token: AnnsToken);
        Assert.That(score["score"]!.GetValue<double>(), Is.EqualTo(199));
        Assert.That((await install.DoAsync("GET", "classes/GameScore/gs00000005", token: AnnsToken))["score"]!.GetValue<double>(), Is.EqualTo(99.5));
        Assert.That((await install.DoAsync("GET", "users/me", token: BensNewToken))["username"]!.GetValue<string>(), Is.EqualTo("ben"));
        Assert.That((await install.SendAsync("GET", "classes/GameScore/gs00000002", token: AnnsToken)).Status, Is.EqualTo(HttpStatusCode.NotFound));
        await NodeScenario.RunAsync(Repository.File("tests", "EndToEnd", "ParseCompat", "clients"), "go-on", new Dictionary<string, string>
        {
            ["BACKEND_URL"] = nginx.Url,
            ["PARSE_APPLICATION_ID"] = OldClientTests.ApplicationId,
            ["PARSE_MASTER_KEY"] = OldClientTests.MasterKey,
        });

        var written = await WriteAsync(install, nginx.Url);

        // And back: the old server's database holds what was written here, in its own layout.
        await Tool("return", old.Uri, "--until-caught-up");
        var own = old.Find("GameScore", written.Score)!;
        Assert.That(own["score"], Is.EqualTo(8.0));
        Assert.That(own.Text("_p_player"), Is.EqualTo("_User$uAnn000001"));
        Assert.That(own.List("_rperm"), Is.EqualTo(new[] { "uAnn000001" }));
        Assert.That(own["_created_at"], Is.InstanceOf<DateTimeOffset>());
        Assert.That(own.Text("medal"), Is.EqualTo("gold"));
        Assert.That(old.Find("_SCHEMA", "GameScore")!.Text("medal"), Is.EqualTo("string"), "a new field is in the schema");
        Assert.That(old.Find("GameScore", "gs00000006"), Is.Null);
        Assert.That(old.Find("GameScore", written.NewRow)!["score"], Is.EqualTo(500.0), "v2's rows too");
        var zoe = old.Find("_User", written.User)!;
        Assert.That(zoe.Text("_hashed_password"), Does.Match(@"^\$2[aby]\$"));
        Assert.That(old.All("_Session").Any(s => s.Text("_session_token") == written.Token && s.Text("_p_user") == "_User$" + written.User));
        Assert.That(old.All("_Join:users:_Role").Any(j => j.Text("owningId") == "rMembr0003" && j.Text("relatedId") == written.User));

        await Tool("return", old.Uri, "--finish");
        Assert.That((await install.SendAsync("POST", "classes/GameScore", new { score = 1 }, AnnsToken)).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        await Tool("verify", old.Uri);
        Directory.Delete(folder, recursive: true);
    }

    private sealed record Written(string Score, string User, string Token, string NewRow);

    // What installs of both releases write after the cut-over.
    private static async Task<Written> WriteAsync(RestClient install, string url)
    {
        var acl = new JsonObject { ["uAnn000001"] = new JsonObject { ["read"] = true, ["write"] = true } };
        var player = new JsonObject { ["__type"] = "Pointer", ["className"] = "_User", ["objectId"] = "uAnn000001" };
        var created = await install.DoAsync("POST", "classes/GameScore", new JsonObject { ["score"] = 7, ["playerName"] = "Ann", ["player"] = player, ["ACL"] = acl, ["medal"] = "gold" }, AnnsToken);
        var score = created["objectId"]!.GetValue<string>();
        await install.DoAsync("PUT", $"classes/GameScore/{score}", new JsonObject { ["score"] = new JsonObject { ["__op"] = "Increment", ["amount"] = 1 } }, AnnsToken);
        await install.DoAsync("DELETE", "classes/GameScore/gs00000006", token: AnnsToken);
        var zoe = await install.DoAsync("POST", "users", new { username = "zoe", password = "zoe-secret-1" });
        var user = zoe["objectId"]!.GetValue<string>();
        var member = new JsonObject { ["__type"] = "Pointer", ["className"] = "_User", ["objectId"] = user };
        await install.DoAsync("PUT", "roles/rMembr0003", new JsonObject { ["users"] = new JsonObject { ["__op"] = "AddRelation", ["objects"] = new JsonArray(member) } }, masterKey: OldClientTests.MasterKey);

        // A new release takes the session over and writes its own way.
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        using var exchange = await client.PostAsync("/api/v2/auth/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = AnnsToken,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
        }));
        var answer = JsonNode.Parse(await exchange.Content.ReadAsStringAsync())!;
        Assert.That(exchange.StatusCode, Is.EqualTo(HttpStatusCode.OK), answer.ToJsonString());
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", answer["access_token"]!.GetValue<string>());
        client.DefaultRequestHeaders.Add("Prefer", "return=representation");
        using var inserted = await client.PostAsJsonAsync("/api/v2/rows/GameScore", new { score = 500, playerName = "Ann" });
        var row = JsonNode.Parse(await inserted.Content.ReadAsStringAsync())!;
        Assert.That(inserted.StatusCode, Is.EqualTo(HttpStatusCode.Created), row.ToJsonString());
        return new Written(score, user, zoe["sessionToken"]!.GetValue<string>(), (row is JsonArray rows ? rows[0] : row)!["id"]!.GetValue<string>());
    }

    private static async Task ComesAsync(RestClient install, string path, Func<JsonNode, bool> isIt, ImportTool follow)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience.Limit && !follow.HasExited)
        {
            var (status, answer) = await install.SendAsync("GET", path, token: AnnsToken);
            if (status == HttpStatusCode.OK && isIt(answer!))
                return;
            await Task.Delay(100);
        }
        Assert.Fail($"{path} does not come:\n{follow.Output}");
    }
}
