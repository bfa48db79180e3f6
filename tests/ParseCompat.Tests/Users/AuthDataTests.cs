using System.Text.Json;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Tests.Users;

/// <summary>What of the sign-in providers' data is checked again, and when (contract 14.7, <c>allowExpiredAuthDataToken</c>).</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class AuthDataTests
{
    private const string Signed = """{"authData":{"fancy":{"id":"1","token":"t1","deep":{"a":[1,{"b":2.0}]}}}}""";
    private const string SameData = """{"authData":{"fancy":{"deep":{"a":[1.0,{"b":2}]},"token":"t1","id":"1"}}}""";
    private const string OtherToken = """{"authData":{"fancy":{"id":"1","token":"t2"}}}""";

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_log_in_by_data_that_ran_out_is_taken_only_when_the_setting_says_so_and_they_are_as_stored(bool allows)
    {
        var fancy = new Fancy("fancy");
        await using var server = await StartAsync(allows, fancy);
        Assert.That(await server.SendAsync("POST", "/users", Signed), Does.StartWith("201"));
        Assert.That(await server.SendAsync("POST", "/users", Signed), Does.StartWith("200"));
        Assert.That(fancy.Checks, Is.EqualTo(allows ? 1 : 2));

        fancy.HasRunOut = true;
        Assert.That(await server.SendAsync("POST", "/users", SameData), allows ? Does.StartWith("200") : Is.EqualTo("""404 {"code":101,"error":"fancy says no"}"""));
        Assert.That(await server.SendAsync("POST", "/users", OtherToken), Is.EqualTo("""404 {"code":101,"error":"fancy says no"}"""));
        Assert.That(await server.SendAsync("POST", "/users", """{"authData":{"fancy":{"id":"2","token":"t1"}}}"""), Does.StartWith("404"), "of nobody yet");
    }

    [Test]
    public async Task A_user_who_links_another_provider_is_not_asked_for_a_fresh_token_of_the_first()
    {
        var (fancy, plain) = (new Fancy("fancy"), new Fancy("plain"));
        await using var server = await StartAsync(false, fancy, plain);
        var (_, made) = await server.CallAsync("POST", "/users", Signed);
        var (id, token) = ((string)made!["objectId"]!, (string)made["sessionToken"]!);
        fancy.HasRunOut = true;
        const string both = """{"authData":{"plain":{"id":"p"},"fancy":{"id":"1","token":"t1","deep":{"a":[1,{"b":2}]}}}}""";

        Assert.That(await server.SendAsync("PUT", "/users/" + id, both, session: token), Does.StartWith("200"));
        Assert.That((fancy.Checks, plain.Checks), Is.EqualTo((1, 1)));
        Assert.That(await server.SendAsync("PUT", "/users/" + id, both, session: token), Does.StartWith("200"));
        Assert.That(await server.SendAsync("PUT", "/users/" + id, OtherToken, session: token), Does.StartWith("404"));
        Assert.That((fancy.Checks, plain.Checks), Is.EqualTo((2, 1)));
        Assert.That(await server.SendAsync("POST", "/users", both), Does.StartWith("404"), "a log-in is checked whole");

        // Whose the data are is said to nobody who cannot show that they are genuine.
        var (_, other) = await server.CallAsync("POST", "/users", """{"authData":{"plain":{"id":"q"}}}""");
        var theirs = (string)other!["sessionToken"]!;
        Assert.That(await server.SendAsync("PUT", "/users/" + (string)other["objectId"]!, both, session: theirs), Is.EqualTo("""404 {"code":101,"error":"fancy says no"}"""));
        fancy.HasRunOut = false;
        Assert.That(await server.SendAsync("PUT", "/users/" + (string)other["objectId"]!, both, session: theirs), Is.EqualTo("""400 {"code":208,"error":"this auth is already used"}"""));
        Assert.That(await server.SendAsync("PUT", "/users/" + id, """{"authData":{"plain":null}}""", session: token), Does.StartWith("200"));
    }

    private static Task<ParseServer> StartAsync(bool allows, params Fancy[] providers) => ParseServer.StartAsync(
        new() { ["ParseCompat:AllowExpiredAuthDataToken"] = allows.ToString() },
        services: services => Array.ForEach(providers, p => services.AddSingleton<IAuthProvider>(p)));

    private sealed class Fancy(string name) : IAuthProvider
    {
        public string Name => name;

        public int Checks { get; private set; }

        public bool HasRunOut { get; set; }

        public ValueTask CheckAsync(JsonElement data, CancellationToken cancellation)
        {
            Checks++;
            return HasRunOut ? throw new ParseError(ErrorCode.ObjectNotFound, $"{name} says no") : default;
        }
    }
}
