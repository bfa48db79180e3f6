namespace Backend.ParseCompat.Wire;

/// <summary>An expected refusal in the dialect's own form: <c>{"code":…,"error":…}</c>. Clients match on the code, some on the text.</summary>
internal sealed class ParseError(int? code, string message, int? status = null) : Exception(message)
{
    /// <summary>The code; null: the body has only <c>error</c> (contract 3.2, the exceptions).</summary>
    public int? Code { get; } = code;

    /// <summary>The HTTP status: 404 for 101, 500 for 1, else 400 unless said otherwise.</summary>
    public int Status { get; } = status ?? code switch
    {
        ErrorCode.ObjectNotFound => 404,
        ErrorCode.InternalServerError => 500,
        _ => 400,
    };

    /// <summary>The JSON of the body's <c>error</c> where that is no text (what a web hook said); null: the message.</summary>
    public string? ErrorJson { get; init; }

    /// <summary>After how many seconds it may be tried again; null: nothing is said.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Nothing can be written for a while. Not a 4xx: the SDKs' offline queues would drop the write.</summary>
    public static ParseError WritesClosed() => new(ErrorCode.InternalServerError, "The service accepts no writes right now, try again later.", 503) { RetryAfter = 10 };

    /// <summary>No or a wrong application id or key, or an address that the key is not open to.</summary>
    public static ParseError Unauthorized() => new(null, "unauthorized", 403);

    /// <summary>A route for the master key alone.</summary>
    public static ParseError MasterKeyRequired() => new(null, "unauthorized: master key is required", 403);

    /// <summary>No such row, or not for this caller.</summary>
    public static ParseError ObjectNotFound() => new(ErrorCode.ObjectNotFound, "Object not found.");

    /// <summary>The session token is not, or no longer, known.</summary>
    public static ParseError InvalidSessionToken() => new(ErrorCode.InvalidSessionToken, "Invalid session token");

    /// <summary>A body or text that is no JSON: no code.</summary>
    public static ParseError BadBody(string message, int status = 400) => new(null, message, status);
}
