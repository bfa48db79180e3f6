namespace Backend.Api;

/// <summary>Every log line of this project. No personal data, tokens or bodies.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "{Method} failed; request id {RequestId}")]
    public static partial void RequestFailed(this ILogger log, Exception failure, string method, string requestId);
}
