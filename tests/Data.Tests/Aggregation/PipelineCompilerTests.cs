using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Backend.Data.Tests.Aggregation;

/// <summary>The statements that pipelines become: typed while they can be, fenced where they must be, without a text of the request.</summary>
[TestFixture]
public sealed class PipelineCompilerTests
{
    private static readonly Table Scores = new(1, "scores", "scores", "scores", false,
    [
        new Field { Name = "player", Kind = FieldKind.Text, Column = "player" },
        new Field { Name = "points", Kind = FieldKind.Number, Column = "points" },
        new Field { Name = "team", Kind = FieldKind.Reference, Column = "team", Target = "Team" },
    ]);

    private static readonly DocumentSource Source = new(Scores, [new DocumentKey("_id", Field.Id), .. Scores.Fields.Select(f => new DocumentKey(f.Name, f, f.Kind == FieldKind.Reference ? "Team$" : ""))]);

    [Test]
    public void A_first_match_compares_columns()
    {
        var sql = Print(new Stage.Match(new Condition.AllOf(
        [
            new Condition.In(["player"], [Value.Of("ann")]),
            new Condition.Compare(["points"], Comparison.Greater, Value.Of(3)),
            new Condition.In(["team"], [Value.Of("Team$red")]),
        ])));
        Assert.That(sql, Does.Contain("x1.\"player\" = $").And.Contain("x1.\"points\" > $").And.Contain("x1.\"team\" = $"));
    }

    [Test]
    public void Numbers_of_a_column_are_added_as_they_are()
    {
        var sql = Print(new Stage.Group(Path("player"),
        [
            new Accumulation("sum", Accumulator.Sum, Path("points")),
            new Accumulation("double", Accumulator.Sum, new Expression.Call(Function.Multiply, [Path("points"), new Expression.Literal("2"u8.ToArray())])),
            new Accumulation("many", Accumulator.Count, Expression.Missing),
        ]));
        Assert.That(sql, Does.Contain("sum(x1.\"points\")").And.Contain("sum((x1.\"points\" * $").And.Contain("count(*)").And.Contain("x1.\"player\" as k0"));
        Assert.That(sql, Does.Not.Contain("aggregation.as_number"));
    }

    [Test]
    public void An_order_is_the_one_that_indexes_have() =>
        Assert.That(Print(new Stage.Sort([new SortKey(["points"], true)]), new Stage.Limit(5)), Does.Contain("order by x1.\"points\" desc nulls last, x1.created_at, x1.id limit $"));

    [Test]
    public void What_is_computed_is_fenced_before_it_is_used_again()
    {
        var twice = new Stage.AddFields([new Assignment(["points"], new Expression.Call(Function.Add, [Path("points"), Path("points")]))]);
        var once = Print(twice).Length;
        var often = Print([.. Enumerable.Repeat((Stage)twice, 20)]);
        Assert.That(often, Does.Contain(" offset 0"));
        Assert.That(often.Length, Is.LessThan(once * 25), "the text grows with the stages, not with their square or power");
    }

    [Test]
    public void No_text_of_a_request_stands_in_the_statement()
    {
        const string Evil = "x'); drop table app.scores; --";
        var path = ImmutableArray.Create(Evil, Evil);
        var literal = new Expression.Literal(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(Evil));
        var sql = Print(
            new Stage.Match(new Condition.AnyOf([new Condition.In(path, [Value.Of(Evil)]), new Condition.OfType([Evil], [Evil]), new Condition.Matches([Evil], new TextPattern(Evil))])),
            new Stage.Unwind(path, [Evil], true),
            new Stage.AddFields([new Assignment(path, literal)]),
            new Stage.Lookup(new Pipeline(Source, [new Stage.Match(new Condition.Holds(new Expression.Path(Evil, [Evil])))]), path, path, [new(Evil, literal)], path),
            new Stage.Group(new Expression.Object([new(Evil, new Expression.Path(null, path))]), [new Accumulation(Evil, Accumulator.Push, literal)]),
            new Stage.Sort([new SortKey(path, true)]),
            new Stage.Project([[Evil], path], [new Assignment([Evil], literal)]),
            new Stage.Facet([new(Evil, [new Stage.Count(Evil)])]),
            new Stage.Unset([path]));
        Assert.That(sql, Does.Not.Contain("drop table"));
    }

    [Test]
    public void Nobody_but_an_administrator_aggregates() =>
        Assert.That(async () => await new AggregationStore(null!, new Replica(null, Options.Create(new DatabaseOptions()), NullLogger<Replica>.Instance)).OpenAsync(new Backend.Data.Aggregation.Aggregation { Source = Source }, Caller.User("u", [])),
            Throws.TypeOf<Refusal>().With.Property(nameof(Refusal.Kind)).EqualTo(RefusalKind.PermissionDenied));

    private static Expression Path(string name) => new Expression.Path(null, [name]);

    private static string Print(params Stage[] stages)
    {
        var statement = new Statement();
        new PipelineCompiler(statement, Caller.Administrator).Print(Source, [.. stages], Filter.Always);
        return statement.ToString();
    }
}
