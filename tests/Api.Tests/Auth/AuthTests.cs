using System.Text.Json;
using System.Text.RegularExpressions;
using System.Web;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Testing;

namespace Backend.Api.Tests.Auth;

[Parallelizable(ParallelScope.All)]
internal sealed partial class AuthTests
{
    private const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    private static int _names;

    private SmtpSink _mail = null!;
    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _mail = new SmtpSink();
        _api = await ApiHost.StartAsync(("Jobs:Enabled", "true"), ("Mail:Host", "127.0.0.1"), ("Mail:Port", $"{_mail.Port}"), ("Mail:Security", "None"), ("Mail:From", "app@example.com"), ("Auth:PublicUrl", "https://api.example.com"));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _api.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Test]
    public async Task A_signed_up_user_is_logged_in_and_owns_his_account()
    {
        var name = Name();
        using var signedUp = await _api.SendAsync("POST", "auth/sign-up", $$"""{"username":"{{name}}","password":"p4ss","email":"{{name}}@example.com"}""");
        Assert.That(signedUp.Status, Is.EqualTo(201), signedUp.Text);
        Assert.That(signedUp["Cache-Control"], Is.EqualTo("no-store"));
        var id = signedUp.Json.GetProperty("user_id").GetString();
        Assert.That(signedUp["Location"], Is.EqualTo($"/api/v2/rows/users/{id}"));

        using var me = await _api.GetAsync("auth/user", Bearer(signedUp));
        Assert.That(me.Json.GetProperty("user").GetProperty("email").GetString(), Is.EqualTo($"{name}@example.com"), me.Text);
        using var row = await _api.GetAsync($"rows/users/{id}?select=username,email", Bearer(signedUp));
        Assert.That(row.Text, Is.EqualTo($$"""{"username":"{{name}}","email":"{{name}}@example.com"}"""));
        using var stranger = await _api.GetAsync($"rows/users/{id}");
        Assert.That(stranger.Status, Is.EqualTo(404), "accounts are private unless the app says otherwise");

        using var taken = await _api.SendAsync("POST", "auth/sign-up", $$"""{"username":"{{name}}","password":"x"}""");
        Assert.That((taken.Status, taken.Code), Is.EqualTo((409, "23505")));
    }

    [Test]
    public async Task An_address_is_verified_by_the_link_of_its_mail()
    {
        await using var mail = new SmtpSink();
        await using var api = await ApiHost.StartAsync(("Jobs:Enabled", "true"), ("Mail:Host", "127.0.0.1"), ("Mail:Port", $"{mail.Port}"), ("Mail:Security", "None"), ("Mail:From", "app@example.com"),
            ("Auth:PublicUrl", "https://api.example.com"), ("Accounts:VerifyEmails", "true"), ("Accounts:RequireVerifiedEmail", "true"));
        using var signedUp = await api.SendAsync("POST", "auth/sign-up", """{"username":"ann","password":"p4ss","email":"ann@example.com"}""");
        Assert.That(signedUp.Status, Is.EqualTo(201), signedUp.Text);
        var first = await mail.ReceiveAsync();
        using (var again = await api.SendAsync("POST", "auth/verification", """{"email":"ann@example.com"}"""))
            Assert.That(again.Status, Is.EqualTo(202), again.Text);
        var second = await mail.ReceiveAsync();
        Assert.That(first.To + second.To, Does.StartWith("ann@example.com").And.EndWith("ann@example.com"));
        using (var unknown = await api.SendAsync("POST", "auth/verification", """{"email":"nobody@example.com"}"""))
            Assert.That(unknown.Status, Is.EqualTo(202));

        static string LinkIn(string text) => Regex.Match(text, @"https://api\.example\.com(/api/v2/auth/verification\?token=[A-Za-z0-9]{25})").Groups[1].Value;
        Task<Answer> LogInAsync() => api.SendAsync("POST", "auth/token", "grant_type=password&username=ann&password=p4ss", ("Content-Type", "application/x-www-form-urlencoded"));
        using (var early = await LogInAsync())
            Assert.That(early.Status, Is.EqualTo(403), early.Text);
        using (var old = await api.GetAsync(LinkIn(first.Text)))
            Assert.That(old.Status, Is.EqualTo(404), "another mail makes the link before it void");
        using (var page = await api.GetAsync(LinkIn(second.Text)))
            Assert.That((page.Status, page["Cache-Control"]), Is.EqualTo((200, "no-store")), page.Text);
        using (var now = await LogInAsync())
            Assert.That(now.Status, Is.EqualTo(200), now.Text);
    }

    [Test]
    public async Task Who_asks_too_often_is_told_when_to_come_back()
    {
        await using var api = await ApiHost.StartAsync(("RateLimits:0:Path", "/auth/token"), ("RateLimits:0:Methods:0", "POST"), ("RateLimits:0:Window", "00:01:00"), ("RateLimits:0:Count", "2"),
            ("RateLimits:1:Path", "/"), ("RateLimits:1:Window", "01:00:00"), ("RateLimits:1:Count", "1000"), ("RateLimits:1:Per", "Everybody"));
        Task<Answer> LogInAsync() => api.SendAsync("POST", "auth/token", "grant_type=password&username=x&password=y", ("Content-Type", "application/x-www-form-urlencoded"));
        for (var i = 0; i < 2; i++)
        {
            using var taken = await LogInAsync();
            Assert.That(taken.Status, Is.EqualTo(400), taken.Text);
        }

        using var refused = await LogInAsync();
        Assert.That((refused.Status, refused.Code, refused["Content-Type"]), Is.EqualTo((429, "too_many_attempts", "application/problem+json")), refused.Text);
        Assert.That(int.Parse(refused["Retry-After"]!, null), Is.InRange(1, 60));
        using var other = await api.GetAsync("auth/user");
        Assert.That((other.Status, other["X-RateLimit-Limit"], other["X-RateLimit-Remaining"]), Is.EqualTo((401, "1000", "997")));
        Assert.That(async () => await ApiHost.StartAsync(("RateLimits:0:Path", "auth"), ("RateLimits:0:Count", "1")), Throws.Exception.With.Message.Contains("RateLimits:0:Path must begin with a slash."));
    }

    [Test]
    public async Task The_token_endpoint_is_OAuths()
    {
        var name = await SignUpAsync();
        using var answer = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "p4ss"));
        Assert.That(answer.Status, Is.EqualTo(200), answer.Text);
        Assert.That(answer.Json.GetProperty("token_type").GetString(), Is.EqualTo("Bearer"));
        Assert.That(answer.Json.GetProperty("expires_in").GetInt32(), Is.InRange(1, 24 * 3600));
        Assert.That(answer.Json.TryGetProperty("issued_token_type", out _), Is.False);

        foreach (var (form, status, error) in new ((string, string)[] Form, int Status, string Error)[]
        {
            ([("grant_type", "password"), ("username", name), ("password", "wrong")], 400, "invalid_grant"),
            ([("grant_type", "password"), ("username", Name()), ("password", "wrong")], 400, "invalid_grant"),
            ([("grant_type", "password"), ("username", name)], 400, "invalid_request"),
            ([("grant_type", "magic")], 400, "unsupported_grant_type"),
            ([], 400, "invalid_request"),
            ([("grant_type", "refresh_token"), ("refresh_token", "nonsense")], 400, "invalid_grant"),
            ([("grant_type", Exchange), ("subject_token", "r:0"), ("subject_token_type", AccessTokenType)], 400, "invalid_grant"),
            ([("grant_type", Exchange), ("subject_token", "r:0"), ("subject_token_type", "x")], 400, "invalid_request"),
        })
        {
            using var refused = await TokenAsync(form);
            Assert.That((refused.Status, refused.Json.GetProperty("error").GetString()), Is.EqualTo((status, error)), refused.Text);
            Assert.That(refused["Content-Type"], Is.EqualTo("application/json"));
        }
    }

    [Test]
    public async Task A_refresh_token_works_once_and_its_copy_ends_the_session()
    {
        var name = await SignUpAsync();
        using var first = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "p4ss"));
        using var second = await RefreshAsync(first);
        Assert.That(second.Status, Is.EqualTo(200), second.Text);
        using var works = await _api.GetAsync("auth/user", Bearer(second));
        Assert.That(works.Status, Is.EqualTo(200));

        using var copy = await RefreshAsync(first);
        Assert.That((copy.Status, copy.Json.GetProperty("error").GetString()), Is.EqualTo((400, "invalid_grant")));
        using var third = await RefreshAsync(second);
        Assert.That(third.Status, Is.EqualTo(400));
        await RefusedSoonAsync(second);
    }

    [Test]
    public async Task A_session_token_of_the_old_dialect_becomes_a_token_pair_and_stays_one_session()
    {
        var name = await SignUpAsync();
        var user = await _api.Database.ScalarAsync<string>("select id from app.users where username = $1", name);
        var session = $"r:{Guid.NewGuid():N}";
        await _api.Database.ExecuteAsync("insert into app.sessions (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day')", name, user!, session);

        using var exchanged = await TokenAsync(("grant_type", Exchange), ("subject_token", session), ("subject_token_type", AccessTokenType));
        Assert.That(exchanged.Status, Is.EqualTo(200), exchanged.Text);
        Assert.That(exchanged.Json.GetProperty("issued_token_type").GetString(), Is.EqualTo(AccessTokenType));
        using var sessions = await _api.GetAsync("rows/sessions?select=*", Bearer(exchanged));
        Assert.That(sessions.Text, Does.Contain($"\"id\":\"{name}\"").And.Not.Contain(session).And.Not.Contain("oken"));

        using var loggedOut = await _api.SendAsync("POST", "auth/log-out", null, Bearer(exchanged));
        Assert.That(loggedOut.Status, Is.EqualTo(204));
        Assert.That(await _api.Database.ScalarAsync<long>("select count(*) from app.sessions where id = $1", name), Is.Zero);
        await RefusedSoonAsync(exchanged);
        using var again = await TokenAsync(("grant_type", Exchange), ("subject_token", session), ("subject_token_type", AccessTokenType));
        Assert.That(again.Status, Is.EqualTo(400));
    }

    [Test]
    public async Task A_bad_bearer_token_is_refused_and_never_anonymous()
    {
        foreach (var header in new[] { "Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0." })
        {
            using var answer = await _api.GetAsync("rows/users", ("Authorization", header));
            Assert.That((answer.Status, answer.Code), Is.EqualTo((401, "PGRST301")), header);
            Assert.That(answer["WWW-Authenticate"], Does.StartWith("Bearer error=\"invalid_token\""));
        }

        using var none = await _api.GetAsync("auth/user");
        Assert.That((none.Status, none.Code, none["WWW-Authenticate"]), Is.EqualTo((401, "PGRST302", "Bearer")));
    }

    [Test]
    public async Task A_user_sees_and_writes_what_his_access_lists_and_roles_allow()
    {
        using var ann = await SignedUpAsync();
        using var bob = await SignedUpAsync();
        var annId = ann.Json.GetProperty("user_id").GetString()!;
        var table = await _api.TableAsync([new("n", FieldKind.Number)], new TablePermissions { Create = new PermissionRule(false, true, System.Collections.Frozen.FrozenSet<string>.Empty, []) });

        using var anonymous = await _api.SendAsync("POST", $"rows/{table.Name}", """{"n":1}""");
        Assert.That(anonymous.Status, Is.EqualTo(401));
        using var created = await _api.SendAsync("POST", $"rows/{table.Name}", $$$"""{"n":1,"acl":{"read":["{{{annId}}}"],"write":["{{{annId}}}"]}}""", Bearer(ann));
        Assert.That(created.Status, Is.EqualTo(201), created.Text);
        var path = created["Location"]!;
        using var seen = await _api.GetAsync(path, Bearer(ann));
        Assert.That(seen.Status, Is.EqualTo(200));
        using var hidden = await _api.GetAsync(path, Bearer(bob));
        Assert.That(hidden.Status, Is.EqualTo(404));
        using var foreign = await _api.SendAsync("PATCH", path, """{"n":2}""", Bearer(bob));
        Assert.That(foreign.Status, Is.EqualTo(404));
        using var own = await _api.SendAsync("PATCH", path, """{"n":2}""", Bearer(ann));
        Assert.That(own.Status, Is.EqualTo(204));
    }

    [Test]
    public async Task A_user_changes_his_own_account()
    {
        var name = await SignUpAsync();
        using var first = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "p4ss"));
        var renamed = Name();
        using var changed = await _api.SendAsync("PATCH", "auth/user", $$"""{"username":"{{renamed}}"}""", Bearer(first));
        Assert.That((changed.Status, changed.Json.GetProperty("user").GetProperty("username").GetString()), Is.EqualTo((200, renamed)), changed.Text);

        using var password = await _api.SendAsync("PATCH", "auth/user", """{"password":"n3w"}""", Bearer(first));
        Assert.That(password.Status, Is.EqualTo(200), password.Text);
        await RefusedSoonAsync(first);
        using var me = await _api.GetAsync("auth/user", ("Authorization", $"Bearer {password.Json.GetProperty("tokens").GetProperty("access_token").GetString()}"));
        Assert.That(me.Status, Is.EqualTo(200));
        using var logIn = await TokenAsync(("grant_type", "password"), ("username", renamed), ("password", "n3w"));
        Assert.That(logIn.Status, Is.EqualTo(200));

        using var verified = await _api.SendAsync("PATCH", "auth/user", """{"emailVerified":true}""", Bearer(logIn));
        Assert.That(verified.Status, Is.EqualTo(403));
        using var unknown = await _api.SendAsync("PATCH", "auth/user", """{"nickname":"x"}""", Bearer(logIn));
        Assert.That((unknown.Status, unknown.Code), Is.EqualTo((400, "PGRST204")));
    }

    [Test]
    public async Task A_forgotten_password_is_chosen_anew_through_the_mails_link()
    {
        var name = await SignUpAsync();
        var address = $"{name}@example.com";
        using var session = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "p4ss"));
        using var nobody = await _api.SendAsync("POST", "auth/password-reset", """{"email":"nobody@example.com"}""");
        using var asked = await _api.SendAsync("POST", "auth/password-reset", $$"""{"email":"{{address}}"}""", ("Host", "evil.example"));
        Assert.That((asked.Status, asked.Text), Is.EqualTo((nobody.Status, nobody.Text)).And.EqualTo((202, "")));

        var mail = await _mail.ReceiveAsync();
        Assert.That(mail.To, Is.EqualTo(address));
        var link = Link().Match(mail.Text).Value;
        Assert.That(link, Does.StartWith("https://api.example.com/api/v2/auth/password-reset?token="), mail.Text);
        var token = HttpUtility.ParseQueryString(new Uri(link).Query)["token"]!;

        using var page = await _api.GetAsync(new Uri(link).PathAndQuery);
        Assert.That((page.Status, page["Content-Type"], page["Referrer-Policy"]), Is.EqualTo((200, "text/html; charset=utf-8", "no-referrer")));
        Assert.That(page.Text, Does.Contain(name).And.Contain(token));
        using var differ = await FormAsync("auth/password-reset/page", ("token", token), ("password", "a"), ("again", "b"));
        Assert.That(differ.Status, Is.EqualTo(400));
        Assert.That(differ.Text, Does.Contain("differ"));
        using var done = await FormAsync("auth/password-reset/page", ("token", token), ("password", "fresh"), ("again", "fresh"));
        Assert.That(done.Status, Is.EqualTo(200), done.Text);
        using var used = await _api.SendAsync("POST", "auth/password-reset/complete", $$"""{"token":"{{token}}","password":"again"}""");
        Assert.That((used.Status, used.Code), Is.EqualTo((400, "invalid_token")));

        await RefusedSoonAsync(session);
        using var old = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "p4ss"));
        Assert.That(old.Status, Is.EqualTo(400));
        using var logIn = await TokenAsync(("grant_type", "password"), ("username", name), ("password", "fresh"));
        Assert.That(logIn.Status, Is.EqualTo(200));
    }

    [TestCase("""{"password":"x"}""", 400)]
    [TestCase("""{"username":"","password":"x"}""", 400)]
    [TestCase("""{"username":"noPassword"}""", 400)]
    [TestCase("""{"username":5,"password":"x"}""", 400)]
    [TestCase("""{"username":"badMail","password":"x","email":"no address"}""", 400)]
    [TestCase("""{"username":"noMail","password":"x","email":""}""", 400)]
    [TestCase("""{"username":"verified","password":"x","emailVerified":true}""", 403)]
    [TestCase("""{"username":"unknown","password":"x","favourite":"y"}""", 400)]
    [TestCase("""{"username":"a\u0000b","password":"x"}""", 400)]
    [TestCase("""{"username":"nul","password":"x\u0000y"}""", 400)]
    [TestCase("[]", 400)]
    [TestCase("", 400)]
    public async Task A_bad_sign_up_is_refused(string body, int status)
    {
        using var answer = await _api.SendAsync("POST", "auth/sign-up", body);
        Assert.That(answer.Status, Is.EqualTo(status), answer.Text);
        Assert.That(answer["Content-Type"], Is.EqualTo("application/problem+json"));
    }

    [GeneratedRegex(@"https://\S+")]
    private static partial Regex Link();

    private static string Name() => $"user{Interlocked.Increment(ref _names)}";

    private static (string, string) Bearer(Answer tokens) => ("Authorization", $"Bearer {tokens.Json.GetProperty("access_token").GetString()}");

    private async Task<string> SignUpAsync()
    {
        var name = Name();
        using var answer = await _api.SendAsync("POST", "auth/sign-up", $$"""{"username":"{{name}}","password":"p4ss","email":"{{name}}@example.com"}""");
        Assert.That(answer.Status, Is.EqualTo(201), answer.Text);
        return name;
    }

    private Task<Answer> SignedUpAsync() => _api.SendAsync("POST", "auth/sign-up", JsonSerializer.Serialize(new { username = Name(), password = "p4ss" }));

    private Task<Answer> TokenAsync(params (string Name, string Value)[] form) => FormAsync("auth/token", form);

    private Task<Answer> RefreshAsync(Answer tokens) =>
        TokenAsync(("grant_type", "refresh_token"), ("refresh_token", tokens.Json.GetProperty("refresh_token").GetString()!));

    private Task<Answer> FormAsync(string path, params (string Name, string Value)[] form) => _api.SendAsync(
        "POST", path, string.Join("&", form.Select(f => $"{Uri.EscapeDataString(f.Name)}={Uri.EscapeDataString(f.Value)}")), ("Content-Type", "application/x-www-form-urlencoded"));

    /// <summary>When the end of a session has been heard of, its token is refused.</summary>
    private Task RefusedSoonAsync(Answer tokens) => Patience.UntilAsync(async () =>
    {
        using var answer = await _api.GetAsync("auth/user", Bearer(tokens));
        Assert.That(answer.Status, Is.AnyOf(200, 401), answer.Text);
        return answer.Status == 401;
    }, "the token is good still");
}
