namespace Backend.ParseCompat.Wire;

/// <summary>The dialect's error codes (contract section 29).</summary>
internal static class ErrorCode
{
    public const int OtherCause = -1;
    public const int InternalServerError = 1;
    public const int ConnectionFailed = 100;
    public const int ObjectNotFound = 101;
    public const int InvalidQuery = 102;
    public const int InvalidClassName = 103;
    public const int MissingObjectId = 104;
    public const int InvalidKeyName = 105;
    public const int InvalidPointer = 106;
    public const int InvalidJson = 107;
    public const int CommandUnavailable = 108;
    public const int IncorrectType = 111;
    public const int PushMisconfigured = 115;
    public const int OperationForbidden = 119;
    public const int InvalidNestedKey = 121;
    public const int InvalidFileName = 122;
    public const int InvalidAcl = 123;
    public const int Timeout = 124;
    public const int InvalidEmailAddress = 125;
    public const int FileSaveError = 130;
    public const int MissingInstallationId = 132;
    public const int MissingRequiredField = 135;
    public const int ChangedImmutableField = 136;
    public const int DuplicateValue = 137;
    public const int ScriptFailed = 141;
    public const int ValidationError = 142;
    public const int WebhookError = 143;
    public const int FileDeleteError = 153;
    public const int DuplicateRequest = 159;
    public const int InvalidValue = 162;
    public const int UsernameMissing = 200;
    public const int PasswordMissing = 201;
    public const int UsernameTaken = 202;
    public const int EmailTaken = 203;
    public const int EmailMissing = 204;
    public const int EmailNotFound = 205;
    public const int SessionMissing = 206;
    public const int AccountAlreadyLinked = 208;
    public const int InvalidSessionToken = 209;
    public const int UnsupportedService = 252;
    public const int InvalidSchemaOperation = 255;
}
