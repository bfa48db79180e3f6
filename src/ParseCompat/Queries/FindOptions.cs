using System.Globalization;
using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>The parameters of a read (contract 9.1), before any name is looked up.</summary>
internal sealed class FindOptions
{
    private static readonly string[] ReadPreferences = ["PRIMARY", "PRIMARY_PREFERRED", "SECONDARY", "SECONDARY_PREFERRED", "NEAREST"];

    /// <summary>The conditions, an object; null: none.</summary>
    public JsonElement? Where { get; private set; }

    /// <summary>At most so many rows.</summary>
    public int Limit { get; private set; }

    /// <summary>Rows to skip.</summary>
    public int Skip { get; private set; }

    /// <summary>Whether to count.</summary>
    public bool Count { get; private set; }

    /// <summary>Field names and whether descending.</summary>
    public List<(string Name, bool Descending)> Order { get; } = [];

    /// <summary>Which columns, and which rows come along.</summary>
    public IncludeNode Include { get; } = new("");

    /// <summary>All pointers and arrays of the first level come along.</summary>
    public bool IncludeAll { get; private set; }

    /// <summary>The relation whose target class is queried instead.</summary>
    public string? RedirectKey { get; private set; }

    /// <summary>How the plan is wanted instead of rows; null: rows are wanted.</summary>
    public ExplainMode? Explain { get; private set; }

    /// <summary>Whether a read replica may answer.</summary>
    public bool RowsMayLag { get; private set; }

    /// <summary>Whether a read replica may answer for what is included.</summary>
    public bool IncludesMayLag => _includesMayLag ?? RowsMayLag;

    private bool? _includesMayLag;

    /// <summary>Reads the parameters of a find.</summary>
    /// <exception cref="ParseError">102: an unknown parameter or bad value; 107: a where that is no JSON.</exception>
    public static FindOptions ReadFind(ParseRequest request, ParseCompatOptions settings)
    {
        var options = new FindOptions { Limit = settings.DefaultLimit };
        string? keys = null, excludeKeys = null, include = null;
        foreach (var parameter in request.Parameters)
        {
            switch (parameter.Name)
            {
                case "where": options.Where = ReadWhere(parameter.Value); break;
                case "limit": options.Limit = ReadLimit(parameter, settings); break;
                case "skip": options.Skip = ReadNumber(parameter) is { } skip ? (int)Math.Clamp(skip, 0, int.MaxValue) : 0; break;
                case "order" when parameter.IsTruthy: options.ReadOrder(List(parameter) ?? ""); break;
                case "count": options.Count = parameter.IsTruthy; break;
                case "keys": keys = List(parameter); break;
                case "excludeKeys": excludeKeys = List(parameter); break;
                case "include": include = List(parameter); break;
                case "includeAll": options.IncludeAll = parameter.IsTruthy; break;
                case "redirectClassNameForKey" when parameter.IsTruthy: options.RedirectKey = parameter.Text; break;
                case "explain" when parameter.IsTruthy:
                    options.Explain = ExplainMode.Read(parameter, request, settings);
                    break;
                case "readPreference" or "includeReadPreference" or "subqueryReadPreference":
                    options.ReadPreference(parameter);
                    break;
                case "order" or "redirectClassNameForKey" or "explain":
                case "hint" or "comment":
                case "trace": // old iOS SDKs
                    break;
                default:
                    throw new ParseError(ErrorCode.InvalidQuery, $"Invalid parameter for query: {parameter.Name}");
            }
        }

        if (settings.MaxLimit is { } most && options.Limit > most)
            options.Limit = most;
        options.ReadIncludes(keys, excludeKeys, include);
        return options;
    }

    /// <summary>Reads the parameters of a read of one row.</summary>
    /// <exception cref="ParseError">102: a parameter that it does not take.</exception>
    public static FindOptions ReadGet(ParseRequest request)
    {
        var options = new FindOptions { Limit = 1 };
        if (request.QueryString.Length == 0 && request.Body.Json.Length == 2)
            return options;
        string? keys = null, excludeKeys = null, include = null;
        foreach (var parameter in request.Parameters)
        {
            switch (parameter.Name)
            {
                case "keys": keys = List(parameter); break;
                case "excludeKeys": excludeKeys = List(parameter); break;
                case "include": include = List(parameter); break;
                case "readPreference" or "includeReadPreference" or "subqueryReadPreference":
                    options.ReadPreference(parameter);
                    break;
                default:
                    throw new ParseError(ErrorCode.InvalidQuery, "Improper encode of parameter");
            }
        }

        options.ReadIncludes(keys, excludeKeys, include);
        return options;
    }

    /// <summary>Reads conditions: an object, or its JSON as a text; null: none.</summary>
    /// <exception cref="ParseError">107: neither.</exception>
    public static JsonElement? ReadWhere(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            if (!Parameter.TryParse(JsonText.Read(value), out value))
                throw BadWhere();
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => value,
            JsonValueKind.Null => null,
            // An empty map of PHP's is written so.
            JsonValueKind.Array when value.GetArrayLength() == 0 => null,
            _ => throw BadWhere(),
        };
    }

    private static ParseError BadWhere() => new(ErrorCode.InvalidJson, "where parameter is not valid JSON");

    private static int ReadLimit(Parameter parameter, ParseCompatOptions settings)
    {
        if (!parameter.IsTruthy && parameter.Value.ValueKind != JsonValueKind.Number)
            return settings.DefaultLimit;
        return ReadNumber(parameter) is { } limit ? (int)Math.Min(Math.Abs(limit), int.MaxValue) : settings.DefaultLimit;
    }

    private static double? ReadNumber(Parameter parameter)
    {
        double number;
        switch (parameter.Value.ValueKind)
        {
            case JsonValueKind.Number: number = parameter.Value.GetDouble(); break;
            case JsonValueKind.True: number = 1; break;
            case JsonValueKind.String when double.TryParse(JsonText.Read(parameter.Value), NumberStyles.Float, CultureInfo.InvariantCulture, out number): break;
            default: return null;
        }

        return double.IsNaN(number) ? null : Math.Truncate(number);
    }

    private void ReadOrder(string text)
    {
        foreach (var part in text.Split(','))
        {
            var name = part.Trim();
            if (name.Length == 0)
                continue;
            var descending = name[0] == '-';
            Order.Add((descending ? name[1..] : name, descending));
        }
    }

    private void ReadIncludes(string? keys, string? excludeKeys, string? include)
    {
        foreach (var path in Split(include))
        {
            if (path == "*")
                IncludeAll = true;
            else
                Include.Add(path.Split('.'));
        }

        if (keys is not null)
        {
            Include.Keys = new(StringComparer.Ordinal);
            foreach (var path in Split(keys))
                Include.Select(path.Split('.'));
        }

        foreach (var path in Split(excludeKeys))
            Include.Exclude(path.Split('.'));
    }

    private static string[] Split(string? list) => list is null ? [] : list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>A comma list; an array counts as one, as in JavaScript's String().</summary>
    private static string? List(Parameter parameter) => parameter.Value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Array => string.Join(',', parameter.Value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? JsonText.Read(e) : e.GetRawText())),
        _ => parameter.Text,
    };

    /// <summary>Whether a read with this preference may be answered by a replica.</summary>
    /// <exception cref="ParseError">102: no such preference.</exception>
    public static bool MayLag(Parameter preference)
    {
        if (preference.Value.ValueKind != JsonValueKind.String || preference.Text.Length == 0)
            return false;
        var name = preference.Text.ToUpperInvariant();
        return ReadPreferences.Contains(name)
            ? name is not ("PRIMARY" or "PRIMARY_PREFERRED")
            : throw new ParseError(ErrorCode.InvalidQuery, "Not supported read preference.");
    }

    // What is included follows the rows unless it is told otherwise; sub-queries are part of the one statement.
    private void ReadPreference(Parameter parameter)
    {
        var mayLag = MayLag(parameter);
        switch (parameter.Name)
        {
            case "readPreference":
                RowsMayLag = mayLag;
                break;
            case "includeReadPreference":
                _includesMayLag = mayLag;
                break;
        }
    }
}
