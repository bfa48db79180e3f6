using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Wire;

/// <summary>The log lines of this project. No tokens, bodies or personal data.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Error, "Request {RequestId} {Method} {Route} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string requestId, string method, string? route);

    [LoggerMessage(2002, LogLevel.Error, "Request {RequestId} {Method} {Route} failed after its answer had begun; the connection is cut")]
    public static partial void AnswerBroken(ILogger logger, Exception exception, string requestId, string method, string? route);

    [LoggerMessage(2003, LogLevel.Error, "Request {RequestId}: a file could not be stored")]
    public static partial void FileNotStored(ILogger logger, Exception exception, string requestId);
}
