namespace Backend.Data;

/// <summary>The few helpers for writing SQL text.</summary>
public static class Sql
{
    /// <summary>Quotes an identifier of the catalog. Identifiers come from the catalog only, never from a request.</summary>
    public static string Quote(string identifier) => string.Concat("\"", identifier.Replace("\"", "\"\"", StringComparison.Ordinal), "\"");
}
