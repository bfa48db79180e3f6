using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Backend.Compare;

/// <summary>
/// Finds in what two answers differ. Numbers are equal when their doubles are, objects whatever the order of their keys. Ids and session tokens that both servers made
/// for the same request are taken for equal from then on.
/// </summary>
internal sealed class AnswerComparer(CompareOptions options)
{
    private const int Shown = 120;

    private readonly ConcurrentDictionary<string, string> _pairs = new(StringComparer.Ordinal);

    /// <summary>Compares.</summary>
    /// <param name="old">The old server's answer.</param>
    /// <param name="now">The new one's.</param>
    /// <param name="isWrite">Whether the request wrote: then ids, tokens and times are each server's own.</param>
    public List<Difference> Compare(Answer old, Answer now, bool isWrite)
    {
        var found = new List<Difference>();
        if (old.Status == 0 || now.Status == 0)
        {
            if (old.Status != now.Status)
            {
                found.Add(new Difference("no answer", "", Text(old), Text(now)));
            }
            return found;
        }
        if (old.Status != now.Status)
        {
            found.Add(new Difference("status", "", $"{old.Status} {Text(old)}", $"{now.Status} {Text(now)}"));
        }
        foreach (var header in options.Headers)
        {
            var (one, other) = (Header(old, header), Header(now, header));
            if (one != other && !(isWrite && header.Equals("Location", StringComparison.OrdinalIgnoreCase)))
            {
                found.Add(new Difference("header", header, one, other));
            }
        }
        using var oldJson = Parse(old);
        using var newJson = Parse(now);
        if (oldJson is not null && newJson is not null)
        {
            if (old.Status == now.Status || (old.Status >= 400 && now.Status >= 400))
            {
                CompareValues("", oldJson.RootElement, newJson.RootElement, isWrite, found);
            }
        }
        else if (!old.Body.AsSpan().SequenceEqual(now.Body) && old.Status == now.Status)
        {
            found.Add(new Difference("body", "", Text(old), Text(now)));
        }
        return [.. found.Where(d => !options.Ignored.Any(i => i.IsMatch(d.Path)))];
    }

    private void CompareValues(string path, JsonElement old, JsonElement now, bool isWrite, List<Difference> found)
    {
        if (TypeOf(old) != TypeOf(now))
        {
            found.Add(new Difference("type", path, Text(old), Text(now)));
            return;
        }
        switch (old.ValueKind)
        {
            case JsonValueKind.Object:
                CompareObjects(path, old, now, isWrite, found);
                break;
            case JsonValueKind.Array:
                CompareArrays(path, old, now, isWrite, found);
                break;
            default:
                if (!Same(path, old, now, isWrite))
                {
                    found.Add(new Difference(path is "code" ? "error code" : path is "error" ? "error text" : "value", path, Text(old), Text(now)));
                }
                break;
        }
    }

    private void CompareObjects(string path, JsonElement old, JsonElement now, bool isWrite, List<Difference> found)
    {
        var others = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in now.EnumerateObject())
        {
            others[property.Name] = property.Value;
        }
        foreach (var property in old.EnumerateObject())
        {
            var inner = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            // Access lists have ids for keys.
            if (others.Remove(property.Name, out var other) || others.Remove(Known(property.Name), out other))
            {
                CompareValues(inner, property.Value, other, isWrite, found);
            }
            else
            {
                found.Add(new Difference("missing", inner, Text(property.Value), ""));
            }
        }
        foreach (var (name, value) in others)
        {
            found.Add(new Difference("extra", path.Length == 0 ? name : $"{path}.{name}", "", Text(value)));
        }
    }

    private void CompareArrays(string path, JsonElement old, JsonElement now, bool isWrite, List<Difference> found)
    {
        var inner = path + "[]";
        var (ones, others) = (old.EnumerateArray().ToList(), now.EnumerateArray().ToList());
        if (ones.Count != others.Count)
        {
            found.Add(new Difference("length", path, $"{ones.Count}", $"{others.Count}"));
        }
        // Objects are compared with the one of the same id, wherever it stands.
        var ids = others.Select(IdOf).ToList();
        if (ones.Count > 0 && ones.TrueForAll(o => IdOf(o) is not null) && ids.TrueForAll(i => i is not null) && ids.Distinct().Count() == ids.Count)
        {
            var known = ones.Select(o => Known(IdOf(o)!)).ToList();
            var both = known.Where(i => ids.Contains(i)).ToList();
            if (!both.SequenceEqual(ids.Where(i => known.Contains(i!))!))
            {
                found.Add(new Difference("order", path, Short(string.Join(' ', known)), Short(string.Join(' ', ids))));
            }
            foreach (var (index, id) in known.Index())
            {
                if (ids.IndexOf(id) is var place and >= 0)
                {
                    CompareValues(inner, ones[index], others[place], isWrite, found);
                }
                else if (ones.Count == others.Count)
                {
                    found.Add(new Difference("missing", inner, id, ""));
                }
            }
            return;
        }
        if (ones.Count == others.Count && ones.TrueForAll(o => o.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
            && !ones.Zip(others).All(p => Same(inner, p.First, p.Second, isWrite))
            && ones.Select(o => o.GetRawText()).Order(StringComparer.Ordinal).SequenceEqual(others.Select(o => o.GetRawText()).Order(StringComparer.Ordinal)))
        {
            found.Add(new Difference("order", path, Text(old), Text(now)));
            return;
        }
        foreach (var (one, other) in ones.Zip(others))
        {
            CompareValues(inner, one, other, isWrite, found);
        }
    }

    private bool Same(string path, JsonElement old, JsonElement now, bool isWrite)
    {
        switch (old.ValueKind)
        {
            case JsonValueKind.Number:
                return old.GetDouble().Equals(now.GetDouble());
            case JsonValueKind.String:
                var (one, other) = (old.GetString()!, now.GetString()!);
                if (one == other || Known(one) == other)
                {
                    return true;
                }
                var name = path[(path.LastIndexOf('.') + 1)..];
                if (!isWrite || name is not ("objectId" or "sessionToken" or "createdAt" or "updatedAt" or "name" or "url"))
                {
                    return false;
                }
                if (name is "objectId" or "sessionToken")
                {
                    _pairs[one] = other;
                }
                return name is not ("name" or "url") || (one.Length == other.Length && one.Contains('_', StringComparison.Ordinal));
            default:
                return true;
        }
    }

    private string Known(string value) => _pairs.GetValueOrDefault(value, value);

    // A class's schema has its name.
    private static string? IdOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && (element.TryGetProperty("objectId", out var id) || element.TryGetProperty("className", out id)) && id.ValueKind == JsonValueKind.String
            ? id.GetString() : null;

    private static string TypeOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => element.ValueKind.ToString(),
        JsonValueKind.Object when element.TryGetProperty("__type", out var type) && type.ValueKind == JsonValueKind.String => type.GetString()!,
        var kind => kind.ToString(),
    };

    private static JsonDocument? Parse(Answer answer)
    {
        try
        {
            return JsonDocument.Parse(answer.Body, new JsonDocumentOptions { MaxDepth = 512 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Header(Answer answer, string name) => answer.Headers.GetValueOrDefault(name, "").Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    private static string Text(Answer answer) => Short(Encoding.UTF8.GetString(answer.Body));

    private static string Text(JsonElement element) => Short(element.GetRawText());

    private static string Short(string text) => text.Length <= Shown ? text : text[..Shown] + "…";
}
