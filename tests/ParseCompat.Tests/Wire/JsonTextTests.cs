using System.Text;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Tests.Wire;

public sealed class JsonTextTests
{
    [TestCase("""{"a\ud800b":"\ud800"}""", """{"a\uFFFDb":"\ud800"}""", Description = "a value keeps its own")]
    [TestCase("""{"\uD83D\uDE00":1,"\udc00\ud83d" : 2}""", """{"\uD83D\uDE00":1,"\uFFFD\uFFFD" : 2}""", Description = "a pair stays")]
    [TestCase("""{"x":{"\\ud800":1,"\"\ud800":[{"\ud800":2}]}}""", """{"x":{"\\ud800":1,"\"\uFFFD":[{"\uFFFD":2}]}}""", Description = "an escaped backslash is no escape")]
    [TestCase("""{"\ud8""", """{"\ud8""", Description = "what is no JSON is left alone")]
    [TestCase("""{"\ud8zz":1}""", """{"\ud8zz":1}""")]
    public void Lone_surrogates_in_names_become_replacement_characters(string json, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        JsonText.MendNames(bytes);
        Assert.That(Encoding.UTF8.GetString(bytes), Is.EqualTo(expected));
    }
}
