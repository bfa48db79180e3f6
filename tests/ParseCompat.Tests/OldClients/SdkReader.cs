using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>Reads an answer as strictly as the SDK does that would get it (contract 30.1 to 30.3).</summary>
internal sealed class SdkReader(string sdk)
{
    // Android: SimpleDateFormat "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"; .NET: "yyyy-MM-dd'T'HH:mm:ss.fff'Z'" exactly; iOS takes the same apart by position.
    private const string DatePattern = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The answer's JSON; null for one that is none by contract (files).</summary>
    public JsonNode? Read(RawAnswer answer, string target)
    {
        Assert.That(answer.Status, Is.Not.EqualTo(304), "no SDK can read an answer without a body");
        Assert.That(answer.Header("Last-Modified"), Is.Null, "the .NET SDK asks with If-Modified-Since");
        if (target.Contains("/files/app/", StringComparison.Ordinal))
            return null;
        Assert.That(answer.Header("Content-Type"), Is.EqualTo("application/json; charset=utf-8"), $"{sdk}: PHP takes anything else for a bad request");
        var json = Parse(answer.Text);
        var isSuccess = answer.Status is >= 200 and < 300;
        if (isSuccess)
            Assert.That(json, target.EndsWith("/batch", StringComparison.Ordinal) ? Is.InstanceOf<JsonArray>() : Is.InstanceOf<JsonObject>(), "Android repeats the request otherwise");
        if (json is not JsonObject whole)
        {
            CheckDates(json);
            return json;
        }

        if (isSuccess)
        {
            Assert.That(whole.ContainsKey("error"), Is.False, "PHP throws at the mere key");
        }
        else
        {
            Assert.That(whole["error"]?.GetValueKind(), Is.EqualTo(JsonValueKind.String), "iOS makes its error of code and error");
            Assert.That(answer.Status, Is.LessThan(500), "SDKs repeat what fails with 500");
            if (answer.Status != 403)
                Assert.That(whole["code"]?.GetValueKind(), Is.EqualTo(JsonValueKind.Number));
        }

        if (whole.TryGetPropertyValue("results", out var results))
            Assert.That(results, Is.InstanceOf<JsonArray>());
        if (whole.TryGetPropertyValue("count", out var count) && whole.ContainsKey("results"))
            Assert.That(count?.GetValueKind(), Is.EqualTo(JsonValueKind.Number));
        CheckDates(json);
        return json;
    }

    private static JsonNode Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text)!;
        }
        catch (JsonException e)
        {
            throw new AssertionException($"This is no JSON: {text}", e);
        }
    }

    private static void CheckDates(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array)
                    CheckDates(item);
                break;
            case JsonObject row:
                foreach (var (key, value) in row)
                {
                    if ((key is "createdAt" or "updatedAt" && value is JsonValue) || (key == "iso" && (string?)row["__type"] == "Date"))
                        Assert.That(DateTime.TryParseExact((string?)value, DatePattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out _), Is.True, $"{key}: {value}");
                    else
                        CheckDates(value);
                }

                break;
        }
    }
}
