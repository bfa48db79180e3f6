using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Tests.Accounts;

[Parallelizable(ParallelScope.All)]
public sealed class AccountTests
{
    private static readonly SessionRequest LogIn = new() { CreatedWith = """{"action":"login","authProvider":"password"}""" };

    [Test]
    public async Task A_new_user_can_log_in_by_name_by_address_and_by_either()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("_User", [new FieldSpec("favourite", FieldKind.Text)]);
        var made = await SignUpAsync(node, "ann", "s3cret", "Ann@example.org", new ChangeSet().Add(new Change.Set(Users(node).Find("favourite")!, Value.Of("red"))));
        Assert.That(made.Row.Id, Does.Match("^[A-Za-z0-9]{10}$"));
        Assert.That((await node.Get<Sessions>().FindAsync(made.Session!.Token)).Caller?.UserId, Is.EqualTo(made.Row.Id));

        var accounts = node.Get<AccountService>();
        foreach (var credentials in new Credentials[]
        {
            new() { Username = "ann", Password = "s3cret" },
            new() { Username = "Ann@example.org", Password = "s3cret" },
            new() { Email = "Ann@example.org", Password = "s3cret" },
            new() { Username = "ann", Email = "Ann@example.org", Password = "s3cret" },
        })
        {
            var loggedIn = await accounts.LogInAsync(credentials, LogIn);
            Assert.That(loggedIn.UserId, Is.EqualTo(made.Row.Id));
            Assert.That((await node.Get<Sessions>().FindAsync(loggedIn.Session!.Token)).Caller?.UserId, Is.EqualTo(made.Row.Id));
            var row = await node.Get<RowStore>().GetAsync(Users(node), made.Row.Id, loggedIn.Caller);
            Assert.That((row!.Get("favourite")!.Value.AsText, row.Get("email")!.Value.AsText), Is.EqualTo(("red", "Ann@example.org")));
        }

        Assert.That((await accounts.LogInAsync(new() { Username = "ann", Password = "s3cret" }, null)).Session, Is.Null);
        foreach (var credentials in new Credentials[]
        {
            new() { Username = "ann", Password = "S3cret" },
            new() { Username = "Ann", Password = "s3cret" },
            new() { Username = "nobody", Password = "s3cret" },
            new() { Username = "an\0n", Password = "s3cret" },
            new() { Email = "ann", Password = "s3cret" },
            new() { Username = "ann", Email = "other@example.org", Password = "s3cret" },
        })
        {
            await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(credentials, LogIn));
        }
    }

    [Test]
    public async Task A_username_wins_over_the_same_text_as_an_address()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await SignUpAsync(node, "one", "first", "both@example.org");
        var two = await SignUpAsync(node, "both@example.org", "second");
        var accounts = node.Get<AccountService>();
        Assert.That((await accounts.LogInAsync(new() { Username = "both@example.org", Password = "second" }, null)).UserId, Is.EqualTo(two.Row.Id));
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(new() { Username = "both@example.org", Password = "first" }, null));
    }

    [TestCase(null, "p", null, RefusalKind.InvalidValue, "username")]
    [TestCase("", "p", null, RefusalKind.InvalidValue, "username")]
    [TestCase("x", null, null, RefusalKind.InvalidValue, "password")]
    [TestCase("x", "", null, RefusalKind.InvalidValue, "password")]
    [TestCase("x", "a\0b", null, RefusalKind.InvalidValue, "password")]
    [TestCase("x\0", "p", null, RefusalKind.InvalidValue, "username")]
    [TestCase("ANN", "p", "bad", RefusalKind.Duplicate, "username")]
    [TestCase("x", "p", "bad", RefusalKind.InvalidValue, "email")]
    [TestCase("x", "p", "a@b\n", RefusalKind.InvalidValue, "email")]
    [TestCase("x", "p", "ÄNN@example.org", RefusalKind.Duplicate, "email")]
    public async Task What_is_wrong_with_a_sign_up_is_named_and_nothing_is_written(string? username, string? password, string? email, RefusalKind kind, string field)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await SignUpAsync(node, "ann", "p", "änn@example.org");
        await RefusedAsync(kind, field, () => SignUpAsync(node, username, password, email));
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.users"), Is.EqualTo(1));
    }

    [Test]
    public async Task Half_a_surrogate_pair_is_no_name()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await RefusedAsync(RefusalKind.InvalidValue, "username", () => SignUpAsync(node, "x\ud800", "p"));
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => node.Get<AccountService>().LogInAsync(new() { Username = "x\ud800", Password = "p" }, null));
    }

    [Test]
    public async Task Of_sign_ups_at_once_with_one_name_in_different_capitals_one_succeeds()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await SignUpAsync(i % 2 == 0 ? first : second, i % 3 == 0 ? "Zoë" : "ZOË", "p", $"zoe{i}@example.org");
                return "";
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Duplicate)
            {
                return refusal.Field;
            }
        }));
        Assert.That(outcomes.Count(o => o == ""), Is.EqualTo(1));
        Assert.That(outcomes.Count(o => o == "username"), Is.EqualTo(7));
    }

    [Test]
    public async Task Imported_users_that_differ_in_capitals_log_in_and_keep_their_names_but_nobody_joins_them()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var hash = await node.Get<PasswordHasher>().HashAsync("p", default);
        await database.ExecuteAsync("""
            insert into app.users (id, username, password_hash, username_duplicate) values
                ('1', 'bob', $1, false), ('2', 'Bob', $1, false), ('3', 'bob', $1, true)
            """, hash);
        var accounts = node.Get<AccountService>();
        Assert.That((await accounts.LogInAsync(new() { Username = "bob", Password = "p" }, null)).UserId, Is.EqualTo("1"));
        Assert.That((await accounts.LogInAsync(new() { Username = "Bob", Password = "p" }, null)).UserId, Is.EqualTo("2"));
        await RefusedAsync(RefusalKind.Duplicate, "username", () => SignUpAsync(node, "bOb", "p"));
        await accounts.ChangeAsync("2", new() { Username = "Bob" }, new ChangeSet(), Caller.User("2", []));
        await RefusedAsync(RefusalKind.Duplicate, "username", () => accounts.ChangeAsync("2", new() { Username = "BOB" }, new ChangeSet(), Caller.User("2", [])));

        await accounts.ChangeAsync("3", new() { Username = "robert" }, new ChangeSet(), Caller.User("3", []));
        Assert.That(await database.ScalarAsync<bool>("select username_duplicate from app.users where id = '3'"), Is.False, "another name is no duplicate");
        await RefusedAsync(RefusalKind.Duplicate, "username", () => SignUpAsync(node, "robert", "p"));
    }

    [Test]
    public async Task A_new_user_belongs_to_himself_and_cannot_lock_himself_out_of_his_list()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await using var open = await Node.StartAsync(database, s => s.Configure<AccountsOptions>(o => o.PrivateUsers = false));
        var closedUser = (await SignUpAsync(node, "a", "p")).Row.Id;
        var openUser = (await SignUpAsync(open, "b", "p")).Row.Id;
        var own = (await SignUpAsync(node, "c", "p", fields: new ChangeSet { Acl = new(["*"], []) })).Row.Id;
        Assert.That(await AclAsync(closedUser), Is.EqualTo($"{{{closedUser}}}/{{{closedUser}}}"));
        Assert.That(await AclAsync(openUser), Is.EqualTo($"{{*,{openUser}}}/{{{openUser}}}"));
        Assert.That(await AclAsync(own), Is.EqualTo($"{{*,{own}}}/{{{own}}}"));

        var accounts = node.Get<AccountService>();
        await accounts.ChangeAsync(own, new(), new ChangeSet { Acl = new([], []) }, Caller.User(own, []));
        Assert.That(await AclAsync(own), Is.EqualTo($"{{{own}}}/{{{own}}}"));
        await accounts.ChangeAsync(own, new(), new ChangeSet { Acl = new([], []) }, Caller.Administrator);
        Assert.That(await AclAsync(own), Is.EqualTo("{}/{}"));
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(new() { Username = "c", Password = "p" }, LogIn));

        Task<string?> AclAsync(string id) => database.ScalarAsync<string>("select acl_read::text || '/' || acl_write::text from app.users where id = $1", id);
    }

    [Test]
    public async Task A_new_password_ends_all_sessions_and_gives_the_user_himself_a_new_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await using var other = await Node.StartAsync(database);
        var accounts = node.Get<AccountService>();
        var user = await SignUpAsync(node, "ann", "old");
        var second = await accounts.LogInAsync(new() { Username = "ann", Password = "old" }, LogIn);
        await database.ExecuteAsync("update app.users set legacy_session_token = 'legacy'");
        foreach (var token in new[] { user.Session!.Token, second.Session!.Token, "legacy" })
            Assert.That((await other.Get<Sessions>().FindAsync(token)).IsValid, Is.True);

        var changed = await accounts.ChangeAsync(user.Row.Id, new() { Password = "new" }, new ChangeSet(), second.Caller);
        Assert.That(changed.Row.UpdatedAt, Is.GreaterThanOrEqualTo(user.Row.UpdatedAt));
        foreach (var token in new[] { user.Session!.Token, second.Session!.Token, "legacy" })
            await Patience.UntilAsync(async () => !(await other.Get<Sessions>().FindAsync(token)).IsValid, "an old token is good still");
        Assert.That((await other.Get<Sessions>().FindAsync(changed.Session!.Token)).IsValid, Is.True);
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(new() { Username = "ann", Password = "old" }, LogIn));

        var byAdministrator = await accounts.ChangeAsync(user.Row.Id, new() { Password = "newer" }, new ChangeSet(), Caller.Administrator);
        Assert.That(byAdministrator.Session, Is.Null);
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.sessions"), Is.Zero);
        Assert.That((await accounts.LogInAsync(new() { Username = "ann", Password = "newer" }, LogIn)).Session, Is.Not.Null);
    }

    [Test]
    public async Task Nobody_changes_another_user()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var accounts = node.Get<AccountService>();
        var ann = (await SignUpAsync(node, "ann", "p", "ann@example.org")).Row.Id;
        var ben = (await SignUpAsync(node, "ben", "p")).Row.Id;
        foreach (var caller in new[] { Caller.User(ben, []), Caller.Anonymous })
        {
            await RefusedAsync(RefusalKind.NotFound, null, () => accounts.ChangeAsync(ann, new() { Password = "stolen" }, new ChangeSet(), caller));
            await RefusedAsync(RefusalKind.NotFound, null, () => accounts.ChangeAsync(ann, new() { Email = "ben@example.org" }, new ChangeSet(), caller));
        }

        await RefusedAsync(RefusalKind.PermissionDenied, "emailVerified", () => accounts.ChangeAsync(ann, new() { EmailVerified = true }, new ChangeSet(), Caller.User(ann, [])));
        await RefusedAsync(RefusalKind.InvalidValue, "username", () => accounts.ChangeAsync(ann, new() { Username = new(null) }, new ChangeSet(), Caller.User(ann, [])));
        Assert.That(await database.ScalarAsync<string>("select email from app.users where id = $1", ann), Is.EqualTo("ann@example.org"));
    }

    [Test]
    public async Task Another_address_is_not_verified_and_voids_the_reset_link()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var accounts = node.Get<AccountService>();
        var ann = (await SignUpAsync(node, "ann", "p", "ann@example.org")).Row.Id;
        await accounts.ChangeAsync(ann, new() { EmailVerified = true }, new ChangeSet(), Caller.Administrator);
        var reset = await accounts.RequestPasswordResetAsync("ann@example.org", (_, _, _) => Task.CompletedTask);
        await accounts.ChangeAsync(ann, new() { Email = "ann@example.org" }, new ChangeSet(), Caller.User(ann, []));
        Assert.That((await accounts.FindResetTokenAsync(reset!.Token))?.UserId, Is.EqualTo(ann), "the same address");
        await accounts.ChangeAsync(ann, new() { Email = "new@example.org" }, new ChangeSet(), Caller.User(ann, []));
        Assert.That(await accounts.FindResetTokenAsync(reset.Token), Is.Null);
        Assert.That(await database.ScalarAsync<bool>("select email_verified from app.users"), Is.False);
        var changed = await accounts.ChangeAsync(ann, new() { Email = "newer@example.org", EmailVerified = true }, new ChangeSet(), Caller.Administrator);
        Assert.That(await database.ScalarAsync<bool>("select email_verified from app.users"), Is.True, "an administrator knows");
        changed = await accounts.ChangeAsync(ann, new() { Email = "newest@example.org" }, new ChangeSet(), Caller.User(ann, []), default, changed.Row.Version);
        await accounts.ChangeAsync(ann, new() { Password = "q" }, new ChangeSet(), Caller.User(ann, []), default, changed.Row.Version);
        await RefusedAsync(RefusalKind.PreconditionFailed, null,
            () => accounts.ChangeAsync(ann, new() { Email = "late@example.org" }, new ChangeSet(), Caller.User(ann, []), default, changed.Row.Version));
        await accounts.ChangeAsync(ann, new() { Email = new(null) }, new ChangeSet(), Caller.User(ann, []));
        Assert.That(await database.ScalarAsync<string>("select email from app.users"), Is.Null);
    }

    [Test]
    public async Task A_reset_token_sets_one_new_password_in_its_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var accounts = node.Get<AccountService>();
        var ann = await SignUpAsync(node, "ann", "p", "ann@example.org");
        await SignUpAsync(node, "ben@example.org", "p");
        var told = new List<PasswordReset>();
        Assert.That(await accounts.RequestPasswordResetAsync("nobody@example.org", Tell), Is.Null);
        Assert.That((await accounts.RequestPasswordResetAsync("ben@example.org", Tell))?.Username, Is.EqualTo("ben@example.org"));
        var first = (await accounts.RequestPasswordResetAsync("ann@example.org", Tell))!;
        var reset = (await accounts.RequestPasswordResetAsync("ann@example.org", Tell))!;
        Assert.That(told.Select(t => t.Email), Is.EqualTo(new[] { "ben@example.org", "ann@example.org", "ann@example.org" }));
        Assert.That(reset.Token, Does.Match("^[A-Za-z0-9]{25}$"));
        Assert.That(await accounts.FindResetTokenAsync(reset.Token), Is.EqualTo(new ResetTokenOwner(ann.Row.Id, "ann", false)));

        await RefusedAsync(RefusalKind.InvalidToken, null, () => accounts.CompletePasswordResetAsync(first.Token, "x"));
        await RefusedAsync(RefusalKind.InvalidToken, null, () => accounts.CompletePasswordResetAsync("", "x"));
        await RefusedAsync(RefusalKind.InvalidValue, "password", () => accounts.CompletePasswordResetAsync(reset.Token, ""));
        await accounts.CompletePasswordResetAsync(reset.Token, "new");
        await RefusedAsync(RefusalKind.InvalidToken, null, () => accounts.CompletePasswordResetAsync(reset.Token, "newer"));
        Assert.That((await accounts.LogInAsync(new() { Username = "ann", Password = "new" }, null)).UserId, Is.EqualTo(ann.Row.Id));
        await Patience.UntilAsync(async () => !(await node.Get<Sessions>().FindAsync(ann.Session!.Token)).IsValid, "the old token is good still");

        var late = (await accounts.RequestPasswordResetAsync("ann@example.org", Tell))!;
        await database.ExecuteAsync("update app.users set reset_token_expires_at = now() - interval '1 second'");
        Assert.That((await accounts.FindResetTokenAsync(late.Token))!.Expired, Is.True);
        await RefusedAsync(RefusalKind.ExpiredToken, null, () => accounts.CompletePasswordResetAsync(late.Token, "x"));

        Task Tell(PasswordReset told1, Npgsql.NpgsqlTransaction transaction, CancellationToken cancellation)
        {
            told.Add(told1);
            return Task.CompletedTask;
        }
    }

    [Test]
    public async Task A_mail_that_cannot_be_enqueued_leaves_no_token()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await SignUpAsync(node, "ann", "p", "ann@example.org");
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            node.Get<AccountService>().RequestPasswordResetAsync("ann@example.org", (_, _, _) => throw new InvalidOperationException()));
        Assert.That(await database.ScalarAsync<string>("select reset_token from app.users"), Is.Null);
    }

    [Test]
    public async Task Wrong_passwords_lock_the_account_when_the_settings_say_so()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database, s => s.Configure<AccountsOptions>(o => o.LockoutThreshold = 2));
        var accounts = node.Get<AccountService>();
        await SignUpAsync(node, "ann", "p", "ann@example.org");
        var right = new Credentials { Username = "ann", Password = "p" };
        var wrong = right with { Password = "q" };
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(wrong, null));
        await accounts.LogInAsync(right, null);
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(wrong, null));
        await RefusedAsync(RefusalKind.InvalidCredentials, null, () => accounts.LogInAsync(wrong, null));
        var refusal = await RefusedAsync(RefusalKind.AccountLocked, null, () => accounts.LogInAsync(right, null));
        Assert.That(refusal.Until, Is.EqualTo(DateTime.UtcNow.AddMinutes(5)).Within(TimeSpan.FromMinutes(1)));
        var reset = await accounts.RequestPasswordResetAsync("ann@example.org", (_, _, _) => Task.CompletedTask);
        await accounts.CompletePasswordResetAsync(reset!.Token, "new");
        await accounts.LogInAsync(right with { Password = "new" }, null);
    }

    [Test]
    public async Task Deleting_a_user_ends_his_sessions()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var ann = await SignUpAsync(node, "ann", "p");
        var found = await node.Get<Sessions>().FindAsync(ann.Session!.Token);
        await node.Get<RowStore>().DeleteAsync(Users(node), ann.Row.Id, found.Caller!);
        await Patience.UntilAsync(async () => (await node.Get<Sessions>().FindAsync(ann.Session.Token)).State == SessionState.Unknown, "the session is known still");
    }

    private static Table Users(Node node) => node.Catalog.Current.Users!;

    private static Task<SignedUp> SignUpAsync(Node node, string? username, string? password, string? email = null, ChangeSet? fields = null) =>
        node.Get<AccountService>().SignUpAsync(new() { Username = username, Password = password, Email = email, Session = LogIn }, fields ?? new ChangeSet(), Caller.Anonymous);

    private static async Task<Refusal> RefusedAsync(RefusalKind kind, string? field, Func<Task> action)
    {
        var refusal = await Assert.ThrowsAsync<Refusal>(action);
        Assert.That((refusal!.Kind, refusal.Field), Is.EqualTo((kind, field)));
        return refusal;
    }
}
