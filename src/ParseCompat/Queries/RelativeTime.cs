using System.Globalization;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>Instants like <c>in 3 days 2 hours</c>, <c>1 week ago</c>, <c>now</c> (contract 9.5, <c>$relativeTime</c>).</summary>
internal static class RelativeTime
{
    /// <summary>The text of a <c>$relativeTime</c> operand; null when the operand is something else.</summary>
    public static string? Text(JsonElement operand) =>
        operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty("$relativeTime", out var text) && text.ValueKind == JsonValueKind.String ? JsonText.Read(text) : null;

    /// <summary>The instant in milliseconds since 1970.</summary>
    /// <exception cref="ParseError">107: no such text, or the field holds no dates.</exception>
    public static long Read(string text, string name, FieldPath? path, DateTimeOffset now)
    {
        if (path is { Field.Kind: not FieldKind.Timestamp })
            throw new ParseError(ErrorCode.InvalidJson, "$relativeTime can only be used with Date field");
        if (name is not ("$lt" or "$lte" or "$gt" or "$gte"))
            throw new ParseError(ErrorCode.InvalidJson, "$relativeTime can only be used with the $lt, $lte, $gt, and $gte operators");
        var (milliseconds, problem) = Offset(text.ToLowerInvariant());
        if (problem is not null || Math.Abs(milliseconds) > 1e15)
            throw new ParseError(ErrorCode.InvalidJson, $"bad $relativeTime ({name}) value. {problem ?? "Too far away."}");
        return now.ToUnixTimeMilliseconds() + (long)milliseconds;
    }

    private static (double Milliseconds, string? Problem) Offset(string text)
    {
        if (text == "now")
            return (0, null);
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var future = parts is ["in", ..];
        var past = parts is [.., "ago"];
        if (future == past)
            return (0, future ? "Time cannot have both 'in' and 'ago'" : "Time should either start with 'in' or end with 'ago'");
        parts = future ? parts[1..] : parts[..^1];
        if (parts.Length % 2 != 0)
            return (0, "Invalid time string. Dangling unit or number.");
        var seconds = 0d;
        for (var i = 0; i < parts.Length; i += 2)
        {
            if (!long.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                return (0, $"'{parts[i]}' is not an integer.");
            if (Unit(parts[i + 1]) is not { } unit)
                return (0, $"Invalid interval: '{parts[i + 1]}'");
            seconds += (double)number * unit;
        }

        return (seconds * (future ? 1000 : -1000), null);
    }

    private static int? Unit(string name) => name switch
    {
        "yr" or "yrs" or "year" or "years" => 31_536_000,
        "wk" or "wks" or "week" or "weeks" => 604_800,
        "d" or "day" or "days" => 86_400,
        "hr" or "hrs" or "hour" or "hours" => 3_600,
        "min" or "mins" or "minute" or "minutes" => 60,
        "sec" or "secs" or "second" or "seconds" => 1,
        _ => null,
    };
}
