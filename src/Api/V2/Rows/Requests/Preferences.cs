using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>What a write answers with.</summary>
internal enum ReturnPreference
{
    /// <summary>Nothing was said: as <see cref="Minimal"/>.</summary>
    Unspecified,

    /// <summary>No body.</summary>
    Minimal,

    /// <summary>No body, but a Location.</summary>
    HeadersOnly,

    /// <summary>The rows.</summary>
    Representation,
}

/// <summary>The Prefer header (RFC 7240) with PostgREST's preferences. What is not known is ignored, unless handling=strict.</summary>
internal sealed record Preferences(ReturnPreference Return, bool Count, int? MaxAffected, string Applied)
{
    public static Preferences Read(HttpRequest request)
    {
        var answer = ReturnPreference.Unspecified;
        var count = false;
        int? maxAffected = null;
        var strict = false;
        List<string> applied = [], unknown = [];
        foreach (var header in request.Headers["Prefer"])
        {
            foreach (var part in (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                var known = true;
                switch (part.Replace(" ", "", StringComparison.Ordinal))
                {
                    case "return=representation":
                        answer = ReturnPreference.Representation;
                        break;
                    case "return=minimal":
                        answer = ReturnPreference.Minimal;
                        break;
                    case "return=headers-only":
                        answer = ReturnPreference.HeadersOnly;
                        break;
                    case "count=exact":
                        count = true;
                        break;
                    case "count=planned" or "count=estimated":
                        count = true; // an exact count is the best estimate
                        break;
                    case "handling=strict":
                        strict = true;
                        break;
                    case "handling=lenient" or "tx=commit" or "missing=default":
                        break;
                    case "resolution=merge-duplicates" or "resolution=ignore-duplicates":
                        throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "Upserts are not built: insert, or change by a condition.");
                    case "tx=rollback":
                        throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "tx=rollback is not built.");
                    case var text when text.StartsWith("max-affected=", StringComparison.Ordinal) && int.TryParse(text["max-affected=".Length..], out var most) && most >= 0:
                        maxAffected = most;
                        break;
                    default:
                        known = false;
                        break;
                }

                (known ? applied : unknown).Add(part);
            }
        }

        if (strict && unknown.Count > 0)
        {
            throw new Problem(400, ProblemCodes.Preference, "Invalid preferences given with handling=strict",
                $"Invalid preferences: {string.Join(", ", unknown)}");
        }

        // max-affected counts only together with handling=strict, as in the original.
        return new Preferences(answer, count, strict ? maxAffected : null, string.Join(", ", applied));
    }
}
