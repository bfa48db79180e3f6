using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Wire;

/// <summary>The log lines of this project. No tokens, bodies or personal data.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "Request {RequestId} {Method} {Route} failed, after {LeftOut} that were not written")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string requestId, string method, string? route, long leftOut);

    [LoggerMessage(2002, LogLevel.Error, "Request {RequestId} {Method} {Route} failed after its answer had begun; the connection is cut")]
    public static partial void AnswerBroken(ILogger logger, Exception exception, string requestId, string method, string? route);

    [LoggerMessage(2003, LogLevel.Error, "Request {RequestId}: a file could not be stored")]
    public static partial void FileNotStored(ILogger logger, Exception exception, string requestId);

    [LoggerMessage(2007, LogLevel.Warning, "Class {ClassName} is not among the defined schemas")]
    public static partial void ClassNotDefined(ILogger logger, string className);

    [LoggerMessage(2008, LogLevel.Warning, "Class {ClassName} has fields that its defined schema does not have: {Fields}")]
    public static partial void FieldsNotDefined(ILogger logger, string className, string fields);

    [LoggerMessage(2009, LogLevel.Warning, "Class {ClassName} has fields of other types than its defined schema: {Fields}")]
    public static partial void FieldsDefinedOtherwise(ILogger logger, string className, string fields);

    [LoggerMessage(2010, LogLevel.Warning, "Web hook {Hook} failed: {Reason}")]
    public static partial void HookFailed(ILogger logger, string hook, string reason);

    [LoggerMessage(2011, LogLevel.Warning, "Web hook {Hook} refused after the write was done; the write stands")]
    public static partial void AfterHookRefused(ILogger logger, string hook);

    [LoggerMessage(2004, LogLevel.Warning, "The store that checks receipts of purchases did not answer as it should")]
    public static partial void StoreUnreachable(ILogger logger, Exception exception);

    [LoggerMessage(2005, LogLevel.Debug, "The tables of request ids will change turns later: {SqlState}")]
    public static partial void TurnPostponed(ILogger logger, string? sqlState);

    [LoggerMessage(2006, LogLevel.Warning, "Weak setting: {Title}. {Warning} {Solution}")]
    public static partial void WeakSetting(ILogger logger, string title, string warning, string solution);

    [LoggerMessage(2007, LogLevel.Warning, "Writes are closed: ParseCompat:SchemaFile is not applied at this start.")]
    public static partial void DefinitionsPutOff(ILogger logger);
}
