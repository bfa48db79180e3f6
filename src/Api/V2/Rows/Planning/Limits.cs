namespace Backend.Api.V2.Rows.Planning;

/// <summary>Every limit of <c>/rows</c>.</summary>
internal static class Limits
{
    /// <summary>Rows of a page that names no limit.</summary>
    public const int DefaultRows = 100;

    /// <summary>Rows of a page at most; a larger limit counts as this one.</summary>
    public const int MaxRows = 1_000;

    /// <summary>Rows that one request may insert.</summary>
    public const int MaxInsertedRows = 1_000;

    /// <summary>Rows that one PATCH or DELETE with a condition may touch where interceptors watch, row by row; elsewhere <c>Rows:MaxChanged</c> holds.</summary>
    public const int MaxHookedRows = 1_000;

    /// <summary>Comparisons in one request, those in groups and embeddings too.</summary>
    public const int MaxConditions = 200;

    /// <summary>Elements of all lists of one request.</summary>
    public const int MaxListElements = 5_000;

    /// <summary>Terms of an order.</summary>
    public const int MaxOrderTerms = 10;

    /// <summary>Items of a select, those of embeddings too.</summary>
    public const int MaxSelectItems = 1_000;

    /// <summary>Embeddings in one request.</summary>
    public const int MaxEmbeddings = 10;

    /// <summary>Principals in each list of an <c>acl</c>.</summary>
    public const int MaxPrincipals = 1_000;

    /// <summary>Characters of a principal, a row id or a file name.</summary>
    public const int MaxIdLength = 1_024;

    /// <summary>Points of a polygon.</summary>
    public const int MaxRingPoints = 10_000;
}
