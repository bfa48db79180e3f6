using System.Text.Json;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>The parameters of an aggregate (contract section 10), before a stage is read.</summary>
internal sealed class AggregateRequest
{
    /// <summary>The path whose distinct values are wanted; null: a pipeline.</summary>
    public string? Distinct { get; private set; }

    /// <summary>Conditions of a distinct.</summary>
    public JsonElement? Where { get; private set; }

    /// <summary>Results with the keys of the old database.</summary>
    public bool RawFieldNames { get; private set; }

    /// <summary>Results in extended JSON.</summary>
    public bool RawValues { get; private set; }

    /// <summary>How the plan is wanted instead of results; null: results are wanted.</summary>
    public ExplainMode? Explain { get; private set; }

    /// <summary>Whether a read replica may answer.</summary>
    public bool MayLag { get; private set; }

    /// <summary>The stages by name.</summary>
    public List<KeyValuePair<string, JsonElement>> Stages { get; } = [];

    /// <summary>Reads the parameters: a pipeline as an array or object, or a parameter per stage.</summary>
    /// <exception cref="ParseError">102: a stage of several keys, or whose name lacks its $; 107: a where that is no JSON.</exception>
    public static AggregateRequest Read(ParseRequest request, ParseCompatOptions settings, AggregateOptions options)
    {
        var plainNames = options.PlainStageNames;
        var read = new AggregateRequest();
        var loose = new List<KeyValuePair<string, JsonElement>>();
        JsonElement? pipeline = null;
        foreach (var parameter in request.Parameters)
        {
            switch (parameter.Name)
            {
                case "distinct" when parameter.IsTruthy: read.Distinct = parameter.Text; break;
                case "where": read.Where = FindOptions.ReadWhere(parameter.Value); break;
                case "pipeline" when parameter.IsTruthy: pipeline = AsJson(parameter.Value); break;
                case "rawValues": read.RawValues = parameter.IsTruthy; break;
                case "rawFieldNames": read.RawFieldNames = parameter.IsTruthy; break;
                case "readPreference": read.MayLag = FindOptions.MayLag(parameter); break;
                case "explain" when parameter.IsTruthy: read.Explain = ExplainMode.Read(parameter, request, settings); break;
                case "distinct" or "pipeline" or "hint" or "explain" or "comment": break;
                default: loose.Add(new(parameter.Name, parameter.Value)); break;
            }
        }

        IEnumerable<KeyValuePair<string, JsonElement>> stages = pipeline switch
        {
            null => loose,
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Select(PipelineReader.Only),
            { ValueKind: JsonValueKind.Object } map => map.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)),
            _ => throw ExpressionReader.Bad("pipeline must be an array or an object"),
        };
        foreach (var (name, spec) in stages)
        {
            if (name is "distinct" or "where")
                continue;
            if (!name.StartsWith('$') && !plainNames)
                throw ExpressionReader.Bad($"Invalid aggregate stage '{name}'.");
            read.Stages.Add(new(name.StartsWith('$') ? name : "$" + name, AsJson(spec)));
        }

        return read;
    }

    private static JsonElement AsJson(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && JsonText.Read(value).TrimStart() is ['{' or '[', ..] && Parameter.TryParse(JsonText.Read(value), out var parsed) ? parsed : value;
}
