using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Catalog;
using Microsoft.AspNetCore.Http;

namespace Backend.Api.Tests.Rows;

[Parallelizable(ParallelScope.All)]
internal sealed class PlanTests
{
    [TestCase("select=id,score", "id,score")]
    [TestCase("select=points:score,who:id", "points=score,who=id")]
    [TestCase("select=score, playerName", "score,playerName")]
    [TestCase("select=\"order\"", "order")]
    [TestCase("select=stats->level,n:stats->>name", "level=stats/level,n=stats/name:text")]
    [TestCase("select=id,player(username)", "id,player=player->users(username)")]
    [TestCase("select=who:player(id,username)", "who=player->users(id,username)")]
    [TestCase("select=player,player(username)", "player=player->users(username)")]
    [TestCase("select=users(username)", "users=player->users(username)")]
    [TestCase("select=id,player!inner(username)", "id,player=player->users(username)")]
    [TestCase("select=acl,createdAt", "acl,createdAt")]
    [TestCase("", "id,createdAt,updatedAt,score,playerName,cheat,playedAt,blob,stats,tags,picture,player,place,area,order,lost,acl")]
    [TestCase("select=*,player(*)",
        "id,createdAt,updatedAt,score,playerName,cheat,playedAt,blob,stats,tags,picture,player=player->users(id,createdAt,updatedAt,username,email,acl),place,area,order,lost,acl")]
    public void Select_shapes_the_row(string query, string expected) => Assert.That(Outputs(Plan(query)), Is.EqualTo(expected));

    [TestCase("select=missing", 400, "42703")]
    [TestCase("select=hashedPassword", 400, "42703")]
    [TestCase("select=player(hashedPassword)", 400, "42703")]
    [TestCase("select=score::text", 400, "PGRST127")]
    [TestCase("select=score.sum()", 400, "PGRST123")]
    [TestCase("select=count()", 400, "PGRST123")]
    [TestCase("select=...player(username)", 400, "PGRST127")]
    [TestCase("select=score(id)", 400, "PGRST200")]
    [TestCase("select=nothing(id)", 400, "PGRST200")]
    [TestCase("select=lost(id)", 400, "PGRST200")]
    [TestCase("select=player(username", 400, "PGRST100")]
    [TestCase("select=id)", 400, "PGRST100")]
    [TestCase("select=fans", 400, "PGRST127")]
    [TestCase("player.username=eq.x&select=player(username)", 400, "PGRST127")]
    [TestCase("order=missing", 400, "42703")]
    [TestCase("order=score.up", 400, "PGRST100")]
    [TestCase("order=place", 400, "42883")]
    [TestCase("limit=-1", 400, "PGRST100")]
    [TestCase("limit=ten", 400, "PGRST100")]
    [TestCase("offset=99999999999", 400, "PGRST100")]
    public void A_bad_shape_is_refused_with_a_code(string query, int status, string code)
    {
        var problem = Assert.Throws<Problem>(() => Plan(query))!;
        Assert.That((problem.Status, problem.Code), Is.EqualTo((status, code)), problem.Message);
    }

    [Test]
    public void A_table_that_two_references_lead_to_is_embedded_by_a_hint()
    {
        var match = SampleCatalog.Snapshot.Find("Match")!;
        Assert.That(Assert.Throws<Problem>(() => Plan("select=users(id)", match))!.Status, Is.EqualTo(300));
        Assert.That(Outputs(Plan("select=users!away(id)", match)), Is.EqualTo("users=away->users(id)"));
    }

    [TestCase("order=score", "score last;id default")]
    [TestCase("order=score.desc", "score desc first;id default")]
    [TestCase("order=score.desc.nullslast,playerName.asc.nullsfirst", "score desc last;playerName first;id default")]
    [TestCase("order=id.desc", "id desc first")]
    [TestCase("order=stats->level.desc", "stats/level desc first;id default")]
    [TestCase("", "")]
    public void Nulls_sort_as_in_PostgreSQL_and_the_id_makes_the_order_total(string query, string expected) =>
        Assert.That(string.Join(";", Plan(query).Query.Sort.Select(Text.Of)), Is.EqualTo(expected));

    [TestCase("", 100, 0)]
    [TestCase("limit=0", 0, 0)]
    [TestCase("limit=5&offset=10", 5, 10)]
    [TestCase("limit=100000", 1000, 0)]
    public void A_page_has_a_default_and_a_largest_size(string query, int limit, int offset)
    {
        var plan = Plan(query);
        Assert.That((plan.Query.Limit, plan.Query.Offset), Is.EqualTo(((int?)limit, offset)));
    }

    [Test]
    public void An_inner_embedding_filters_the_rows() => Assert.That(
        Text.Of(Plan("select=id,who:player!inner(username)&who.username=like.a*&score=gt.1").Query.Filter),
        Is.EqualTo("(score Greater 1 & player in usersusername like a% ^a)"));

    [Test]
    public void Only_the_fields_of_the_output_are_read()
    {
        Assert.That(Plan("select=id,n:stats->>name,player(username)").Query.Fields.Select(f => f.Name), Is.EqualTo(new[] { "stats", "player" }));
        Assert.That(Plan("select=*").Query.Fields.IsDefault);
        Assert.That(Plan("select=id").Query.WithAcl, Is.False);
    }

    private static RowsPlan Plan(string query, Table? table = null) =>
        new RowsPlanner(SampleCatalog.Snapshot).Plan(table ?? SampleCatalog.GameScore, QueryReader.Read(new QueryString("?" + query)));

    private static string Outputs(RowsPlan plan) => string.Join(",", plan.Outputs.Select(Text.Of));
}
