using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>The parameter <c>explain</c>: the plan of a read instead of its results (contract 9.1).</summary>
/// <param name="Runs">Whether the read is run, so that the plan holds what it took.</param>
internal sealed record ExplainMode(bool Runs)
{
    /// <summary>Reads the parameter.</summary>
    /// <exception cref="ParseError">102: no master key where it needs one, or no such mode.</exception>
    public static ExplainMode Read(Parameter parameter, ParseRequest request, ParseCompatOptions settings)
    {
        if (!request.IsMaster && !settings.AllowPublicExplain)
            throw new ParseError(ErrorCode.InvalidQuery, "Using the explain query parameter requires the master key");
        return parameter.Value.ValueKind switch
        {
            JsonValueKind.True => new ExplainMode(true),
            JsonValueKind.String when parameter.Text is "executionStats" or "allPlansExecution" => new ExplainMode(true),
            JsonValueKind.String when parameter.Text == "queryPlanner" => new ExplainMode(false),
            _ => throw new ParseError(ErrorCode.InvalidQuery, "Invalid value for explain"),
        };
    }

    /// <summary>Writes PostgreSQL's plan where MongoDB's would stand: under <c>queryPlanner</c> and, when it ran, <c>executionStats</c>.</summary>
    public void Write(Utf8JsonWriter writer, byte[] plan, string className)
    {
        using var document = JsonDocument.Parse(plan, new JsonDocumentOptions { MaxDepth = 1000 });
        var explained = document.RootElement[0];
        writer.WriteStartObject();
        writer.WriteStartObject("queryPlanner"u8);
        writer.WriteString("namespace"u8, className);
        writer.WritePropertyName("winningPlan"u8);
        explained.GetProperty("Plan"u8).WriteTo(writer);
        writer.WriteEndObject();
        if (Runs)
        {
            writer.WriteStartObject("executionStats"u8);
            writer.WriteBoolean("executionSuccess"u8, true);
            writer.WriteNumber("nReturned"u8, explained.GetProperty("Plan"u8).GetProperty("Actual Rows"u8).GetDouble());
            writer.WriteNumber("executionTimeMillis"u8, explained.GetProperty("Execution Time"u8).GetDouble());
            writer.WriteEndObject();
        }

        writer.WriteNumber("ok"u8, 1);
        writer.WriteEndObject();
    }
}
