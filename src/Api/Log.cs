namespace Backend.Api;

/// <summary>Every log line of this project. No personal data, tokens or bodies.</summary>
internal static partial class Log
{
    private static readonly Func<ILogger, string, IDisposable?> RequestScope = LoggerMessage.DefineScope<string>("{RequestId}");

    /// <summary>What stands beside every line of a request.</summary>
    public static IDisposable? BeginRequest(this ILogger log, string requestId) => RequestScope(log, requestId);

    [LoggerMessage(1, LogLevel.Error, "{Method} failed; request id {RequestId}; {LeftOut} failures before it were not written")]
    public static partial void RequestFailed(this ILogger log, Exception failure, string method, string requestId, long leftOut);
}
