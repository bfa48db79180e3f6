using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>
/// What a recording says of an answer: a status (<c>201</c>); <c>keys a b</c>, exactly these; <c>has a b</c>; <c>lacks a b</c>; <c>path = json</c>; <c>path ~ pattern</c>;
/// <c>size path 2</c>; <c>header Name: value</c> (<c>-</c>: absent); <c>body text</c>; <c>keep name path</c>, for later requests. A path is keys and positions with dots between.
/// </summary>
internal static class Expectations
{
    public static void Check(RawAnswer answer, JsonNode? json, IEnumerable<string> expected, Dictionary<string, string> kept)
    {
        foreach (var line in expected)
        {
            var words = line.Split(' ', 2);
            var rest = words.Length > 1 ? words[1] : "";
            switch (words[0])
            {
                case var status when int.TryParse(status, out var code):
                    Assert.That(answer.Status, Is.EqualTo(code), answer.Text);
                    break;
                case "keys":
                    Assert.That(Keys(json), Is.EquivalentTo(rest.Split(' ')), answer.Text);
                    break;
                case "has":
                    Assert.That(rest.Split(' ').Except(Keys(json)), Is.Empty, answer.Text);
                    break;
                case "lacks":
                    Assert.That(rest.Split(' ').Intersect(Keys(json)), Is.Empty, answer.Text);
                    break;
                case "header":
                    var (name, value) = (rest[..rest.IndexOf(':')], rest[(rest.IndexOf(':') + 1)..].Trim());
                    Assert.That(answer.Header(name), value == "-" ? Is.Null : Is.EqualTo(Fill(value, kept)), name);
                    break;
                case "body":
                    Assert.That(answer.Text, Is.EqualTo(Fill(rest, kept)));
                    break;
                case "keep":
                    var from = rest.Split(' ');
                    kept[from[0]] = (string)Find(json, from[1])!;
                    break;
                case "size":
                    var what = rest.Split(' ');
                    Assert.That(Find(json, what[0])!.AsArray(), Has.Count.EqualTo(int.Parse(what[1], CultureInfo.InvariantCulture)), answer.Text);
                    break;
                case var path when rest.StartsWith("= ", StringComparison.Ordinal):
                    Assert.That(JsonNode.DeepEquals(Find(json, path), JsonNode.Parse(Fill(rest[2..], kept))), Is.True, $"{line}\n{answer.Text}");
                    break;
                case var path when rest.StartsWith("~ ", StringComparison.Ordinal):
                    Assert.That((string?)Find(json, path), Does.Match(new Regex(Fill(rest[2..], kept))), $"{line}\n{answer.Text}");
                    break;
                default:
                    throw new FormatException(line);
            }
        }
    }

    /// <summary>Puts what was kept in the place of its names.</summary>
    public static string Fill(string text, Dictionary<string, string> kept) =>
        Regex.Replace(text, @"\{\{(\w+)\}\}", match => kept.TryGetValue(match.Groups[1].Value, out var value) ? value : throw new FormatException($"Nothing was kept as {match.Value}."));

    private static IEnumerable<string> Keys(JsonNode? json) => json is JsonObject o ? o.Select(p => p.Key) : [];

    private static JsonNode? Find(JsonNode? json, string path)
    {
        foreach (var step in path.Split('.'))
            json = int.TryParse(step, out var position) ? json?[position] : json?[step];
        return json;
    }
}
