using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Microsoft.AspNetCore.Http;

namespace Backend.Api.Tests.Rows;

[Parallelizable(ParallelScope.All)]
internal sealed class ConditionTests
{
    [TestCase("score=eq.10", "score = 10")]
    [TestCase("score=neq.10", "(score? & !score = 10)")]
    [TestCase("score=not.eq.10", "(score? & !score = 10)")]
    [TestCase("score=not.neq.10", "score = 10")]
    [TestCase("score=gte.1&score=lt.5.5", "(score GreaterOrEqual 1 & score Less 5.5)")]
    [TestCase("score=not.gt.1e3", "(score? & !score Greater 1000)")]
    [TestCase("playerName=eq.a.b%2Cc", "playerName = 'a.b,c'")]
    [TestCase("playerName=eq.%22quoted%22", "playerName = '\"quoted\"'")]
    [TestCase("playerName=eq.", "playerName = ''")]
    [TestCase("cheat=is.true", "cheat = true")]
    [TestCase("cheat=not.is.true", "!cheat = true")]
    [TestCase("cheat=is.unknown", "!cheat?")]
    [TestCase("cheat=eq.f", "cheat = false")]
    [TestCase("player=is.null", "!player?")]
    [TestCase("player=is.NULL", "!player?")]
    [TestCase("player=not.is.null", "player?")]
    [TestCase("player=is.not_null", "player?")]
    [TestCase("score=isdistinct.3", "!score = 3")]
    [TestCase("score=not.isdistinct.3", "score = 3")]
    [TestCase("player=eq.u1", "player = _User:u1")]
    [TestCase("player=in.(u1,u2)", "player in [_User:u1, _User:u2]")]
    [TestCase("playedAt=gte.2026-01-02T03:04:05.678Z", "playedAt GreaterOrEqual 2026-01-02T03:04:05.678Z")]
    [TestCase("playedAt=lt.2026-01-02T03:04:05%2B02:00", "playedAt Less 2026-01-02T01:04:05.000Z")]
    [TestCase("createdAt=gt.2026-01-02", "createdAt Greater 2026-01-02T00:00:00.000Z")]
    [TestCase("playerName=in.(a,%22b,c%22,%22d\\%22e%22)", "playerName in ['a', 'b,c', 'd\"e']")]
    [TestCase("playerName=in.()", "playerName in []")]
    [TestCase("playerName=not.in.(a)", "(playerName? & !playerName in ['a'])")]
    [TestCase("playerName=like.Jo*%25x", "playerName like Jo%%x ^Jo")]
    [TestCase("playerName=ilike.*jo*", "playerName like* %jo%")]
    [TestCase("playerName=match.^a.c$", "playerName ~ ^a.c$")]
    [TestCase("playerName=imatch.^a", "playerName ~* ^a")]
    [TestCase("playerName=like(any).{a*,b*}", "(playerName like a% ^a | playerName like b% ^b)")]
    [TestCase("playerName=not.like(all).{a*,*b}", "(playerName? & !(playerName like a% ^a & playerName like %b))")]
    [TestCase("score=eq(any).{1,2}", "(score = 1 | score = 2)")]
    [TestCase("or=(score.lt.1,score.gt.9)", "(score Less 1 | score Greater 9)")]
    [TestCase("not.or=(score.lt.1,cheat.is.true)", "((score? & !score Less 1) & !cheat = true)")]
    [TestCase("and=(score.gte.1,or(playerName.eq.\"a,b\",not.and(cheat.is.true,score.not.in.(1,2))))",
        "(score GreaterOrEqual 1 & (playerName = 'a,b' | (!cheat = true | score in [1, 2])))")]
    [TestCase("or=(tags.cs.{a,b},playerName.like(any).{x*,\"y,z\"})", "((tags? & tags = 'a' & tags = 'b') | (playerName like x% ^x | playerName like y,z ^y,z))")]
    [TestCase("tags=cs.[\"a\",1]", "(tags? & tags = 'a' & tags = 1)")]
    [TestCase("tags=cs.{1}", "(tags? & tags in ['1', 1])")]
    [TestCase("tags=ov.{a,b}", "tags in ['a', 'b']")]
    [TestCase("stats=cs.{\"a\":1,\"b\":{\"c\":\"x\"}}", "(stats? & stats/a = 1 & (stats/b? & stats/b/c = 'x'))")]
    [TestCase("stats->level=gte.3", "stats/level GreaterOrEqual 3")]
    [TestCase("stats->>name=eq.x", "stats/name = 'x'")]
    [TestCase("stats->>level=eq.3", "stats/level in ['3', 3]")]
    [TestCase("stats->a->0->>b=like.x*", "stats/a/0/b like x% ^x")]
    [TestCase("%22order%22=eq.1", "order = 1")]
    [TestCase("id=eq.abc", "id = 'abc'")]
    public void A_condition_means_what_it_means_in_SQL(string query, string expected) => Assert.That(Plan(query), Is.EqualTo(expected));

    [TestCase("score=eq.abc", "22P02")]
    [TestCase("score=eq.NaN", "22P02")]
    [TestCase("score=noop.1", "PGRST100")]
    [TestCase("score=1", "PGRST100")]
    [TestCase("score", "PGRST100")]
    [TestCase("score=eq1", "PGRST100")]
    [TestCase("missing=eq.1", "42703")]
    [TestCase("hashedPassword=eq.1", "42703")]
    [TestCase("score=like.1*", "42883")]
    [TestCase("cheat=gt.true", "42883")]
    [TestCase("place=eq.1", "42883")]
    [TestCase("tags=eq.a", "42883")]
    [TestCase("score->a=eq.1", "42883")]
    [TestCase("stats->a=eq.x", "22P02")]
    [TestCase("score=is.true", "42804")]
    [TestCase("score=is.five", "PGRST100")]
    [TestCase("playedAt=eq.yesterday", "22P02")]
    [TestCase("playedAt=eq.12:30", "22P02")]
    [TestCase("blob=eq.%C3%A9", "22P02")]
    [TestCase("playerName=fts.cat", "PGRST127")]
    [TestCase("playerName=match.***=x", "2201B")]
    [TestCase("playerName=like.x\\", "22025")]
    [TestCase("playerName=in.(a", "PGRST100")]
    [TestCase("playerName=in.a", "PGRST100")]
    [TestCase("playerName=like(any).a", "PGRST100")]
    [TestCase("or=()", "PGRST100")]
    [TestCase("or=(score.eq.1", "PGRST100")]
    [TestCase("or=(score.eq.1))", "PGRST100")]
    [TestCase("or=score.eq.1", "PGRST100")]
    [TestCase("and=(xor(score.eq.1))", "PGRST100")]
    [TestCase("fans=eq.u1", "PGRST127")]
    [TestCase("acl=is.null", "PGRST127")]
    [TestCase("player.username=eq.x", "PGRST108")]
    [TestCase("a.b.c=eq.x", "PGRST127")]
    public void A_bad_condition_is_refused_with_a_code(string query, string code)
    {
        var problem = Assert.Throws<Problem>(() => Plan(query));
        Assert.That(problem!.Code, Is.EqualTo(code), problem.Message);
        Assert.That(problem.Status, Is.EqualTo(400));
    }

    [Test]
    public void Groups_and_conditions_have_limits()
    {
        var deep = string.Concat(Enumerable.Repeat("and(", 40)) + "score.eq.1" + new string(')', 40);
        Assert.That(Assert.Throws<Problem>(() => Plan($"or=({deep})"))!.Code, Is.EqualTo("54000"));
        var many = string.Join(",", Enumerable.Repeat("score.eq.1", Limits.MaxConditions + 1));
        Assert.That(Assert.Throws<Problem>(() => Plan($"or=({many})"))!.Code, Is.EqualTo("54000"));
        var list = string.Join(",", Enumerable.Repeat("1", Limits.MaxListElements + 1));
        Assert.That(Assert.Throws<Problem>(() => Plan($"score=in.({list})"))!.Code, Is.EqualTo("54000"));
    }

    private static string Plan(string query) =>
        Text.Of(RowsPlanner.Conditions(SampleCatalog.GameScore, QueryReader.Read(new QueryString("?" + query))));
}
