using System.Text;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Backend.ParseCompat.Wire;

/// <summary>The one place where a failure below becomes code and text of the dialect.</summary>
internal static class ErrorMapping
{
    /// <summary>The dialect's error, or null for a failure that nobody expected.</summary>
    public static ParseError? From(Exception exception) => exception switch
    {
        ParseError error => error,
        Refusal refusal => From(refusal),
        NpgsqlException { InnerException: TimeoutException } => From(new Refusal(RefusalKind.Busy, "The database did not answer in time.")),
        NpgsqlException failure when DatabaseErrors.IsUnreachable(failure) =>
            new(ErrorCode.InternalServerError, "The database cannot be reached. A change may or may not have been made.", 503),
        PostgresException postgres => From(postgres),
        EncoderFallbackException => Unstorable(), // a lone surrogate
        BadHttpRequestException { StatusCode: 413 } => ParseError.BadBody("request entity too large", 413),
        BadHttpRequestException bad => ParseError.BadBody(bad.Message, bad.StatusCode),
        _ => null,
    };

    private static ParseError From(Refusal refusal) => refusal.Kind switch
    {
        RefusalKind.PermissionDenied => new(ErrorCode.OperationForbidden,
            $"Permission denied for action {NameOf(refusal.Operation)} on class {refusal.Table}."),
        RefusalKind.AuthenticationRequired => new(ErrorCode.ObjectNotFound, "Permission denied, user needs to be authenticated."),
        RefusalKind.ReadOnly => new(ErrorCode.OperationForbidden, $"read-only masterKey isn't allowed to perform the {NameOf(refusal.Operation)} operation."),
        RefusalKind.Rejected => new(refusal.Code ?? ErrorCode.ScriptFailed, refusal.Message) { ErrorJson = refusal.Detail },
        RefusalKind.NotFound => ParseError.ObjectNotFound(),
        RefusalKind.Duplicate when refusal is { Table: ClassName.User, Field: "username" } =>
            new(ErrorCode.UsernameTaken, "Account already exists for this username."),
        RefusalKind.Duplicate when refusal is { Table: ClassName.User, Field: "email" } =>
            new(ErrorCode.EmailTaken, "Account already exists for this email address."),
        RefusalKind.Duplicate when refusal is { Table: ClassName.User, Field: "authData" } => new(ErrorCode.AccountAlreadyLinked, "this auth is already used"),
        RefusalKind.Duplicate => Duplicate(),
        RefusalKind.InvalidValue when refusal is { Table: ClassName.User, Field: "username" } => new(ErrorCode.UsernameMissing, "bad or missing username"),
        RefusalKind.InvalidValue when refusal is { Table: ClassName.User, Field: "password" } => new(ErrorCode.PasswordMissing, "password is required"),
        RefusalKind.InvalidValue when refusal is { Table: ClassName.User, Field: "email" } =>
            new(ErrorCode.InvalidEmailAddress, "Email address format is invalid."),
        RefusalKind.WeakPassword => new(ErrorCode.ValidationError, refusal.Message),
        RefusalKind.ExpiredPassword => new(ErrorCode.ObjectNotFound, "Your password has expired. Please reset your password."),
        RefusalKind.ReservedId => new(ErrorCode.InternalServerError, "Invalid object ID.", 400),
        RefusalKind.EmailNotVerified => new(ErrorCode.EmailNotFound, "User email is not verified."),
        RefusalKind.InvalidSession => ParseError.InvalidSessionToken(),
        RefusalKind.ExpiredSession => new(ErrorCode.InvalidSessionToken, "Session token is expired."),
        RefusalKind.ProtectedFilter => new(ErrorCode.OperationForbidden, $"This user is not allowed to query {refusal.Field} on class {refusal.Table}"),
        RefusalKind.ProtectedSort => new(ErrorCode.OperationForbidden, $"This user is not allowed to sort by {refusal.Field} on class {refusal.Table}"),
        RefusalKind.TypeMismatch => Mismatch(refusal),
        RefusalKind.RequiredField when refusal.Table is { } table && ClassName.IsSystem(table) => new(ErrorCode.IncorrectType, $"{refusal.Field} is required."),
        RefusalKind.RequiredField => new(ErrorCode.ValidationError, $"{refusal.Field} is required"),
        RefusalKind.Timeout => new(ErrorCode.Timeout, "The request timed out on the server."),
        RefusalKind.InvalidPattern => new(ErrorCode.InvalidQuery, refusal.Message),
        RefusalKind.InvalidValue => new(ErrorCode.IncorrectType, refusal.Message),
        RefusalKind.InvalidExpression => new(ErrorCode.InvalidQuery, refusal.Message),
        RefusalKind.LimitExceeded => new(ErrorCode.InvalidQuery, refusal.Message),
        RefusalKind.TooManyFields => new(ErrorCode.OperationForbidden, $"Class {refusal.Table} has too many fields: no more can be added by saving objects."),
        RefusalKind.WritesClosed => ParseError.WritesClosed(),
        // Nothing was written: SDKs repeat a request after 5xx, which is right here.
        RefusalKind.Busy => new(ErrorCode.InternalServerError, "The server is too busy.", 503),
        RefusalKind.Conflict => new(ErrorCode.InternalServerError, "The write met another one; try again."),
        _ => new(ErrorCode.OperationForbidden, refusal.Message),
    };

    /// <summary>A value that must be unique is taken.</summary>
    public static ParseError Duplicate() => new(ErrorCode.DuplicateValue, "A duplicate value for a field with unique values was provided");

    private static ParseError Mismatch(Refusal refusal)
    {
        if (refusal.Expected is not { } expected || refusal.Actual is not { } actual)
            return new(ErrorCode.IncorrectType, refusal.Message);
        return new(ErrorCode.IncorrectType,
            $"schema mismatch for {refusal.Table}.{refusal.Field ?? expected.Name}; expected {TypeName(expected.Kind, expected.Target)} but got {TypeName(actual.Kind, actual.Target)}");
    }

    private static ParseError? From(PostgresException exception) => exception.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation => Duplicate(),
        WriteSwitch.RefusedState => ParseError.WritesClosed(),
        PostgresErrorCodes.QueryCanceled => new(ErrorCode.Timeout, "The request timed out on the server."),
        PostgresErrorCodes.InvalidRegularExpression => new(ErrorCode.InvalidQuery, "Invalid regular expression."),
        PostgresErrorCodes.StatementTooComplex or PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.TooManyColumns or PostgresErrorCodes.TooManyArguments => new(ErrorCode.InvalidQuery, "The request is too complex."),
        // U+0000 and the like, where no row is written: in names and rules.
        { } state when state.StartsWith("22", StringComparison.Ordinal) => Unstorable(),
        _ => null,
    };

    private static ParseError Unstorable() => new(ErrorCode.IncorrectType, "A value cannot be stored or compared.");

    /// <summary>The type as the dialect spells it: <c>Number</c>, <c>Pointer&lt;Foo&gt;</c>.</summary>
    public static string TypeName(FieldKind kind, string? target) => kind switch
    {
        FieldKind.Text => "String",
        FieldKind.Timestamp => "Date",
        FieldKind.Reference => $"Pointer<{target}>",
        FieldKind.Relation => $"Relation<{target}>",
        FieldKind.Point => "GeoPoint",
        _ => kind.ToString(),
    };

    /// <summary>The operation as errors name it: <c>find</c>, <c>addField</c>.</summary>
    public static string NameOf(Operation? operation) => operation switch
    {
        Operation.AddField => "addField",
        null => "unknown",
        { } known => known.ToString().ToLowerInvariant(),
    };
}
