using System.Text;
using Backend.Data;
using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Api.V2.Problems;

/// <summary>The one place where a failure gets v2's status and code.</summary>
internal static class ProblemMapping
{
    /// <summary>The problem of an exception, or null when it is a failure of ours.</summary>
    public static Problem? Of(Exception failure, bool authenticated) => failure switch
    {
        Problem problem => problem,
        Refusal refusal => Of(refusal, authenticated),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } e => new(413, ProblemCodes.TooLarge, e.Message),
        BadHttpRequestException e => new(e.StatusCode, ProblemCodes.Body, e.Message),
        EncoderFallbackException => new(400, ProblemCodes.Value, "A text holds half a surrogate pair."),
        PostgresException { SqlState: PostgresErrorCodes.InvalidRegularExpression } e => new(400, ProblemCodes.Pattern, e.MessageText),
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new(503, ProblemCodes.Timeout, "The statement took too long."),
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } =>
            new(409, ProblemCodes.Conflict, "Two writes met. Try again."),
        PostgresException e when DatabaseErrors.IsUnreachable(e) => Unreachable(),
        PostgresException { SqlState: WriteSwitch.RefusedState } => Of(WriteSwitch.Refused(), authenticated),
        PostgresException e when e.SqlState.StartsWith("22", StringComparison.Ordinal) => new(400, e.SqlState, e.MessageText),
        PostgresException e when e.SqlState.StartsWith("54", StringComparison.Ordinal) => new(400, ProblemCodes.Limit, "The request is too complex."),
        PostgresException => null,
        NpgsqlException { InnerException: TimeoutException } => new(503, ProblemCodes.Busy, "The database did not answer in time."),
        NpgsqlException e when DatabaseErrors.IsUnreachable(e) => Unreachable(),
        _ => null,
    };

    /// <summary>The problem of a status that was set without a body.</summary>
    public static Problem Of(int status, PathString path, string method) => status switch
    {
        StatusCodes.Status401Unauthorized => new(401, ProblemCodes.Anonymous, "A bearer token is needed.") { Headers = [new("WWW-Authenticate", "Bearer")] },
        StatusCodes.Status404NotFound => new(404, ProblemCodes.Path, "Invalid path specified in request URL", $"Nothing is at {path}."),
        StatusCodes.Status405MethodNotAllowed => new(405, ProblemCodes.Method, $"Unsupported HTTP method: {method}"),
        StatusCodes.Status415UnsupportedMediaType => new(415, ProblemCodes.Body, "The Content-Type is not one that is read here."),
        _ => new(status, ProblemCodes.Http, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status)),
    };

    private static Problem Of(Refusal refusal, bool authenticated) => refusal.Kind switch
    {
        // PostgREST's rule: 403 to somebody, 401 to nobody in particular, who may try again with a token.
        RefusalKind.PermissionDenied or RefusalKind.ProtectedFilter or RefusalKind.ProtectedSort =>
            Denied(refusal.Message, authenticated),
        RefusalKind.AuthenticationRequired => Denied(refusal.Message, authenticated),
        RefusalKind.ReadOnly or RefusalKind.ReservedId => new(403, ProblemCodes.Permission, refusal.Message),
        RefusalKind.NotFound => new(404, ProblemCodes.RowNotFound, refusal.Message),
        RefusalKind.Duplicate => new(409, ProblemCodes.Unique, refusal.Message, refusal.Field is null ? null : $"Field: {refusal.Field}"),
        RefusalKind.TypeMismatch => new(400, ProblemCodes.Type, refusal.Message, refusal.Field is null ? null : $"Field: {refusal.Field}"),
        RefusalKind.RequiredField => new(400, ProblemCodes.NotNull, refusal.Message, refusal.Field is null ? null : $"Field: {refusal.Field}"),
        RefusalKind.Timeout => new(503, ProblemCodes.Timeout, refusal.Message),
        RefusalKind.PreconditionFailed => new(412, ProblemCodes.Precondition, refusal.Message),
        RefusalKind.LimitExceeded when refusal.Until is { } until => new(429, ProblemCodes.TooMany, refusal.Message) { Headers = [RetryAfter(until)] },
        RefusalKind.LimitExceeded or RefusalKind.TooManyFields => new(400, ProblemCodes.Limit, refusal.Message),
        RefusalKind.InvalidPattern => new(400, ProblemCodes.Pattern, refusal.Message),
        RefusalKind.InvalidValue => new(400, ProblemCodes.Value, refusal.Message, refusal.Field is null ? null : $"Field: {refusal.Field}"),
        RefusalKind.WritesClosed => new(503, ProblemCodes.WritesClosed, refusal.Message) { Headers = [new("Retry-After", "10")] },
        RefusalKind.Busy => new(503, ProblemCodes.Busy, refusal.Message) { Headers = [new("Retry-After", "1")] },
        RefusalKind.InvalidCredentials => new(401, ProblemCodes.Credentials, refusal.Message),
        RefusalKind.WeakPassword => new(400, ProblemCodes.Value, refusal.Message, $"Field: {refusal.Field}"),
        RefusalKind.ExpiredPassword => new(403, ProblemCodes.Permission, refusal.Message),
        RefusalKind.EmailNotVerified => new(403, ProblemCodes.Permission, refusal.Message),
        RefusalKind.AccountLocked => new(429, ProblemCodes.Locked, refusal.Message) { Headers = [RetryAfter(refusal.Until)] },
        RefusalKind.InvalidToken => new(400, ProblemCodes.BadToken, refusal.Message),
        RefusalKind.ExpiredToken => new(400, ProblemCodes.ExpiredToken, refusal.Message),
        RefusalKind.InvalidSession or RefusalKind.ExpiredSession => Unauthorized(refusal.Kind == RefusalKind.ExpiredSession),
        RefusalKind.Rejected => new(422, ProblemCodes.Rejected, refusal.Message, refusal.Detail),
        RefusalKind.Conflict => new(409, ProblemCodes.Conflict, refusal.Message),
        _ => new(400, ProblemCodes.Http, refusal.Message),
    };

    /// <summary>A bearer token that is not, or no longer, one (RFC 6750).</summary>
    public static Problem Unauthorized(bool expired) => expired
        ? new(401, ProblemCodes.TokenExpired, "JWT expired") { Headers = [new("WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"JWT expired\"")] }
        : new(401, ProblemCodes.Token, "JWT invalid, or its session has ended")
        {
            Headers = [new("WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"JWT invalid, or its session has ended\"")],
        };

    private static KeyValuePair<string, string> RetryAfter(DateTime? until)
    {
        var seconds = until is null ? 60 : Math.Max(1, (int)Math.Ceiling((until.Value - DateTime.UtcNow).TotalSeconds));
        return new("Retry-After", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static Problem Denied(string message, bool authenticated) => authenticated
        ? new(403, ProblemCodes.Permission, message)
        : new(401, ProblemCodes.Permission, message) { Headers = [new("WWW-Authenticate", "Bearer")] };

    private static Problem Unreachable() => new(503, ProblemCodes.Database, "The database cannot be reached.") { Headers = [new("Retry-After", "1")] };
}
