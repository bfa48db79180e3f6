using System.Text;
using System.Text.Json;
using Backend.Data.Values;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class NestedJsonTests
{
    [TestCase("1.0", "1")]
    [TestCase("0.1", "0.1")]
    [TestCase("-0", "0")]
    [TestCase("1e21", "1e+21")]
    [TestCase("123456789012345680000", "123456789012345680000")]
    [TestCase("1.5e-7", "1.5e-7")]
    [TestCase("0.000001", "0.000001")]
    [TestCase("9007199254740993", "9007199254740992")]
    [TestCase("1e400", "null")]
    [TestCase("5e-324", "5e-324")]
    [TestCase("1.7976931348623157e308", "1.7976931348623157e+308")]
    [TestCase("""{"a":1,"b":2,"a":3}""", """{"a":3,"b":2}""")]
    [TestCase("""{"a":{"x":1,"x":2},"b":[1,{"y":1,"y":2}]}""", """{"a":{"x":2},"b":[1,{"y":2}]}""")]
    [TestCase("""["\u00e9\/\u0041", "\ud83d\ude00"]""", """["é/A","😀"]""")]
    [TestCase("""["\u0000\ud800"]""", """["\u0000\ud800"]""")]
    public void Nested_json_is_normalised_as_JavaScript_would(string json, string expected) =>
        Assert.That(Encoding.UTF8.GetString(NestedJson.Normalize(Encoding.UTF8.GetBytes(json))), Is.EqualTo(expected));

    [TestCase("""["a\nb \\u0000"]""", true)]
    [TestCase("""["\u0001"]""", true)]
    [TestCase("""["\u0000"]""", false)]
    [TestCase("""{"\udc00":1}""", false)]
    public void What_jsonb_refuses_is_known(string json, bool storable) =>
        Assert.That(NestedJson.IsStorable(NestedJson.Normalize(Encoding.UTF8.GetBytes(json))), Is.EqualTo(storable));

    /// <summary>An object of very many keys, and very many objects that repeat a key: whatever looks back at all that came before takes minutes.</summary>
    [Test]
    [MaxTime(15_000)]
    public void Very_many_keys_are_normalised_quickly()
    {
        const int Many = 60_000;
        var keys = "{" + string.Join(',', Enumerable.Range(0, 2 * Many).Select(i => $"\"k{i % Many}\":{i}")) + "}";
        var objects = "[" + string.Join(',', Enumerable.Repeat("""{"a":1,"b":{"a":1,"a":2},"a":3}""", Many)) + "]";

        Assert.That(Encoding.UTF8.GetString(NestedJson.Normalize(Encoding.UTF8.GetBytes(keys))), Does.StartWith($$"""{"k0":{{Many}},"k1":{{Many + 1}},"""));
        Assert.That(Encoding.UTF8.GetString(NestedJson.Normalize(Encoding.UTF8.GetBytes(objects))), Does.StartWith("""[{"a":3,"b":{"a":2}},{"a":3,""").And.EndsWith("""{"a":3,"b":{"a":2}}]"""));
    }

    [Test]
    public void Nesting_beyond_the_limit_is_refused()
    {
        var deep = new string('[', NestedJson.MaxDepth + 1) + new string(']', NestedJson.MaxDepth + 1);
        Assert.That(() => NestedJson.Normalize(Encoding.UTF8.GetBytes(deep)), Throws.InstanceOf<JsonException>());
    }

    private static IEnumerable<Value> Values() =>
    [
        Value.Null, Value.Of(true), Value.Of(1.5), Value.Of(double.NaN), Value.Of(double.NegativeInfinity), Value.Of(-0.0), Value.ExactNumber("9007199254740993"),
        Value.Of("text"), Value.Of("nul\0 and \ud800"), Value.Of("$"), Value.Timestamp(-62135596800001), Value.Of([1, 2, 3]),
        Value.Object("""{"a":[1,null]}"""u8.ToArray()), Value.Object("""{"$date":1}"""u8.ToArray()), Value.Object("""{"a":"\u0000"}"""u8.ToArray()),
        Value.Array("""[{"$x":1},"\ud800"]"""u8.ToArray()), Value.File("f.png"), Value.File("f\0"), Value.Reference("Post", "a\0b"), Value.Point(new(1, double.NaN)),
        Value.Polygon([new(1, 2), new(3, 4), new(5, 6)]), Value.Foreign(11, [1, 0]),
    ];

    [TestCaseSource(nameof(Values))]
    public void The_form_of_rest_loses_nothing(Value value)
    {
        using var document = JsonDocument.Parse(RestJson.ToBytes(value));

        Assert.That(RestJson.Read(document.RootElement), Is.EqualTo(value));
    }
}
