using System.Text.Json.Nodes;
using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>Places: distances on the sphere, rectangles and polygons on the plane, and arguments that cannot be (contract 9.5).</summary>
[TestFixture]
public sealed class PlaceTests
{
    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        foreach (var (name, latitude, longitude) in new[] { ("zero", 0, 0), ("east", 0, 10), ("north", 10, 0), ("far", 0, 179), ("edge", 10, 10) })
            await _server.CreateAsync("Place", $$"""{"n":"{{name}}","at":{{Point(latitude, longitude)}},"big":{{(name == "zero" ? "true" : "false")}}}""");
        await _server.CreateAsync("Place", """{"n":"none"}""");
        await _server.CreateAsync("Place", $$"""{"n":"off","at":{{Point(-92.5, 10)}}}""");
        await _server.CreateAsync("Area", """{"n":"square","area":{"__type":"Polygon","coordinates":[[0,0],[0,20],[20,20],[20,0]]}}""");
        await _server.CreateAsync("Area", """{"n":"small","area":{"__type":"Polygon","coordinates":[[4,4],[4,5],[5,5],[5,4]]}}""");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("""{"at":{"$nearSphere":P(0,1)}}""", "", "zero,east,north,edge,far")]
    [TestCase("""{"at":{"$nearSphere":P(1,-170)}}""", "", "far,north,edge,zero,east")]
    [TestCase("""{"at":{"$nearSphere":P(0,1)},"n":{"$ne":"zero"}}""", "", "east,north,edge,far")]
    [TestCase("""{"$and":[{"at":{"$nearSphere":P(0,1)}},{"n":{"$ne":"zero"}}]}""", "", "east,north,edge,far")]
    [TestCase("""{"at":{"$nearSphere":P(0,1)}}""", "&order=-n", "zero,north,far,edge,east")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistance":0.0175}}""", "", "zero")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistance":0.0174}}""", "", "")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistanceInRadians":0.16}}""", "", "zero,east")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistanceInKilometers":1001}}""", "", "zero,east")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistanceInMiles":622}}""", "", "zero,east")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistanceInMiles":621}}""", "", "zero")]
    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistance":100}}""", "&skip=1&limit=2", "east,north")]
    [TestCase("""{"at":{"$within":{"$box":[P(0,0),P(10,10)]}}}""", "&order=n", "east,edge,north,zero")]
    [TestCase("""{"at":{"$within":{"$box":[P(10,10),P(1,1)]}}}""", "&order=n", "edge")]
    [TestCase("""{"at":{"$within":{"$box":[P(-95,0),P(-90,20)]}}}""", "", "off")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":[P(-1,-1),P(-1,11),P(11,5)]}}}""", "&order=n", "east,zero")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":{"__type":"Polygon","coordinates":[[0,0],[10,0],[10,10],[0,10]]}}}}""", "&order=n", "east,edge,north,zero")]
    [TestCase("""{"at":{"$geoWithin":{"$centerSphere":[P(0,0),0.18]}}}""", "&order=n", "east,north,zero")]
    [TestCase("""{"at":{"$geoWithin":{"$centerSphere":[[10,0],0.0001]}}}""", "", "east")]
    [TestCase("""{"n":{"$nearSphere":P(0,0)}}""", "", "")]
    [TestCase("""{"unknown":{"$nearSphere":P(0,0)}}""", "", "")]
    [TestCase("""{"at":P(-92.5,10)}""", "", "off")]
    [TestCase("""{"at":{"$ne":P(0,0)}}""", "&order=n", "east,edge,far,none,north,off")]
    public async Task A_condition_on_places_finds_what_it_did_in_the_old_database(string where, string more, string expected) => Assert.That(await NamesAsync("Place", where, more), Is.EqualTo(expected));

    [TestCase("""{"area":{"$geoIntersects":{"$point":P(4.5,4.5)}}}""", "small,square")]
    [TestCase("""{"area":{"$geoIntersects":{"$point":P(10,10)}}}""", "square")]
    [TestCase("""{"area":{"$geoIntersects":{"$point":P(0,0)}}}""", "square")]
    [TestCase("""{"area":{"$geoIntersects":{"$point":P(30,30)}}}""", "")]
    [TestCase("""{"area":{"__type":"Polygon","coordinates":[[4,4],[4,5],[5,5],[5,4],[4,4]]}}""", "small")]
    public async Task Finds_areas(string where, string expected) => Assert.That(await NamesAsync("Area", where, "&order=n"), Is.EqualTo(expected));

    [TestCase("""{"at":{"$nearSphere":P(0,1),"$maxDistance":0.16}}""", 2)]
    [TestCase("""{"at":{"$nearSphere":P(0,1)}}""", 5)]
    [TestCase("""{"$or":[{"at":{"$nearSphere":P(0,1),"$maxDistance":0.02}},{"at":{"$nearSphere":P(0,179),"$maxDistance":0.02}}]}""", 2)]
    public async Task Counts(string where, int expected)
    {
        var (_, body) = await _server.CallAsync("GET", "/classes/Place?limit=0&count=1&where=" + Uri.EscapeDataString(Points(where)));

        Assert.That((int)body!["count"]!, Is.EqualTo(expected));
    }

    [TestCase("""{"at":{"$nearSphere":1}}""", 107, "bad $nearSphere value; should be GeoPoint")]
    [TestCase("""{"at":{"$nearSphere":P(91,0)}}""", 107, "GeoPoint latitude out of bounds: 91.")]
    [TestCase("""{"at":{"$nearSphere":P(0,0),"$maxDistance":"x"}}""", 107, "bad $maxDistance value; should be a number that is not negative")]
    [TestCase("""{"at":{"$nearSphere":P(0,0),"$minDistance":1}}""", 107, "bad constraint: $minDistance")]
    [TestCase("""{"at":{"$maxDistance":1}}""", 107, "$maxDistance without $nearSphere")]
    [TestCase("""{"at":{"$within":{"$box":[P(0,0)]}}}""", 107, "malformatted $within arg")]
    [TestCase("""{"at":{"$within":1}}""", 107, "malformatted $within arg")]
    [TestCase("""{"at":{"$geoWithin":{}}}""", 107, "bad $geoWithin value; should be $polygon or $centerSphere")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":1}}}""", 107, "bad $geoWithin value; $polygon should be Polygon object or Array of Parse.GeoPoint's")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":[P(0,0),P(1,1)]}}}""", 107, "bad $geoWithin value; $polygon should contain at least 3 GeoPoints")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":[P(0,0),P(1,1),{}]}}}""", 107, "bad $geoWithin value")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":[P(0,0),P(1,1),P(0,181)]}}}""", 107, "GeoPoint longitude out of bounds: 181.")]
    [TestCase("""{"at":{"$geoWithin":{"$polygon":{"__type":"Polygon","coordinates":[[0,0]]}}}}""", 107, "bad $geoWithin value; Polygon.coordinates should contain at least 3 lon/lat pairs")]
    [TestCase("""{"at":{"$geoWithin":{"$centerSphere":[1]}}}""", 107, "bad $geoWithin value; $centerSphere should be an array of Parse.GeoPoint and distance")]
    [TestCase("""{"at":{"$geoWithin":{"$centerSphere":[1,1]}}}""", 107, "bad $geoWithin value; $centerSphere geo point invalid")]
    [TestCase("""{"at":{"$geoWithin":{"$centerSphere":[P(0,0),-1]}}}""", 107, "bad $geoWithin value; $centerSphere distance invalid")]
    [TestCase("""{"at":{"$geoIntersects":{"$point":1}}}""", 107, "bad $geoIntersect value; $point should be GeoPoint")]
    [TestCase("""{"at":{"$geoIntersects":{"$point":P(0,200)}}}""", 107, "GeoPoint longitude out of bounds: 200.")]
    [TestCase("""{"$or":[{"at":{"$nearSphere":P(0,1)}},{"n":"x"}]}""", 102, "$nearSphere cannot stand inside $or or $nor.")]
    public async Task A_condition_on_places_that_cannot_be_is_refused_in_the_old_words(string where, int code, string error)
    {
        var (status, body) = await _server.CallAsync("GET", "/classes/Place?where=" + Uri.EscapeDataString(Points(where)));

        Assert.That((status, (int)body!["code"]!, (string)body["error"]!), Is.EqualTo((400, code, error)));
    }

    [Test]
    public async Task A_polygon_whose_edges_cross_is_refused()
    {
        var (status, body) = await _server.CallAsync("POST", "/classes/Area", """{"area":{"__type":"Polygon","coordinates":[[0,0],[0,1],[1,0],[1,1]]}}""");

        Assert.That((status, (int)body!["code"]!), Is.EqualTo((400, 111)));
    }

    [Test]
    public async Task The_first_search_for_places_makes_the_index_and_the_nearest_are_read_from_it()
    {
        await _server.CreateAsync("Spot", $$"""{"at":{{Point(1, 1)}}}""");
        var pool = _server.Services.GetRequiredService<NpgsqlDataSource>();
        await ExecuteAsync(pool, """
            insert into app.spot (id, created_at, updated_at, at)
            select 'r' || i, now(), now(), st_setsrid(st_makepoint((i * 7919) % 36000 / 100.0 - 180, (i * 104729) % 18000 / 100.0 - 90), 4326) from generate_series(1, 20000) i
            """);
        await ExecuteAsync(pool, "analyze app.spot");
        await NamesAsync("Spot", """{"at":{"$nearSphere":P(0,1)}}""", "&limit=20");
        await Patience.UntilAsync(
            async () => await ScalarAsync(pool, "select count(*) from pg_index where indexrelid = to_regclass('app.spot_at_sphere') and indisvalid") == 1, "no index is made", pause: 50);
        var field = _server.Services.GetRequiredService<LiveCatalog>().Current.FindByOrigin("Spot")!.Find("at")!;
        var place = DemandedIndex.OnSphere(field, "t.");
        var plan = new List<string>();
        await using var explain = pool.CreateCommand($"explain select id from app.spot t where public_read and ({place}) is not null order by ({place}) <-> st_makepoint(1, 0)::geography limit 20");
        await using var reader = await explain.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            plan.Add(reader.GetString(0));
        Assert.That(string.Join('\n', plan), Does.Contain("Index Scan using spot_at_sphere").And.Not.Contain("Sort"));
    }

    private static async Task ExecuteAsync(NpgsqlDataSource pool, string sql)
    {
        await using var command = pool.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource pool, string sql)
    {
        await using var command = pool.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<string> NamesAsync(string className, string where, string more)
    {
        var (status, body) = await _server.CallAsync("GET", $"/classes/{className}?where={Uri.EscapeDataString(Points(where))}{more}");
        Assert.That(status, Is.EqualTo(200), body?.ToJsonString());
        return string.Join(',', body!["results"]!.AsArray().Select(r => (string?)r!["n"]));
    }

    private static string Point(double latitude, double longitude) =>
        new JsonObject { ["__type"] = "GeoPoint", ["latitude"] = latitude, ["longitude"] = longitude }.ToJsonString();

    private static string Points(string where) => System.Text.RegularExpressions.Regex.Replace(where, @"P\(([-\d.]+),([-\d.]+)\)",
        m => $$"""{"__type":"GeoPoint","latitude":{{m.Groups[1].Value}},"longitude":{{m.Groups[2].Value}}}""");
}
