using Microsoft.Extensions.Logging;

namespace Backend.Data;

/// <summary>Every log line of this project. No personal data, no tokens, no bodies.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Warning, "The connection that listens for notifications was lost; asking the database until it is back.")]
    public static partial void ListenerLost(ILogger logger, Exception exception);

    [LoggerMessage(1002, LogLevel.Warning, "The lease of this process in catalog.processes could not be renewed.")]
    public static partial void LeaseNotRenewed(ILogger logger, Exception exception);

    [LoggerMessage(1003, LogLevel.Information, "Catalog version {Version}: {Tables} tables.")]
    public static partial void CatalogLoaded(ILogger logger, long version, int tables);

    [LoggerMessage(1004, LogLevel.Warning, "No lock on {Relation} within {Milliseconds} ms: field {Field} starts without a column.")]
    public static partial void FieldWithoutColumn(ILogger logger, string relation, string field, int milliseconds);

    [LoggerMessage(1005, LogLevel.Error, "An index could not be built; queries that it would serve are slow.")]
    public static partial void IndexNotBuilt(ILogger logger, Exception exception);

    [LoggerMessage(1006, LogLevel.Information, "Made index {Index}, because a query asked for it.")]
    public static partial void IndexMade(ILogger logger, string index);

    [LoggerMessage(1008, LogLevel.Information, "{Moved} values of field {Field} in {Relation} were moved to its column; {Left} are not of its type and stay.")]
    public static partial void ValuesMoved(ILogger logger, long moved, string relation, string field, long left);

    [LoggerMessage(1009, LogLevel.Information, "The index {Relation}, whose building was cut off, was built.")]
    public static partial void IndexBuilt(ILogger logger, string relation);

    [LoggerMessage(1010, LogLevel.Warning, "PostgreSQL's statistics about the rows that everybody may read could not be read: what was known goes on counting.")]
    public static partial void StatisticsNotRead(ILogger logger, Exception exception);

    [LoggerMessage(1011, LogLevel.Information, "The read replica {Host} answers reads that ask for it.")]
    public static partial void ReplicaThere(ILogger logger, string host);

    [LoggerMessage(1012, LogLevel.Warning, "The read replica {Host} does not answer: the primary does until it is back.")]
    public static partial void ReplicaGone(ILogger logger, Exception? exception, string host);

    [LoggerMessage(1013, LogLevel.Warning, "The read replica {Host} is {Seconds} s behind: the primary answers until it has caught up.")]
    public static partial void ReplicaLate(ILogger logger, string host, double seconds);

    [LoggerMessage(1020, LogLevel.Information, "Connected to memcached {Host}:{Port}.")]
    public static partial void CacheConnected(ILogger logger, string host, int port);

    [LoggerMessage(1021, LogLevel.Warning, "The connection to memcached {Host}:{Port} was lost or too slow: its keys count as empty until it is back.")]
    public static partial void CacheLost(ILogger logger, string host, int port);

    [LoggerMessage(1030, LogLevel.Error, "The folder {Folder} (id {Id}) is not the one that this deployment's files are in (id {Known}): files of other machines, or from before, are missing here. The disk file store is for one machine, or for a folder that all of them share.")]
    public static partial void ForeignFileStore(ILogger logger, string folder, Guid id, Guid known);

    [LoggerMessage(1031, LogLevel.Error, "The folder {Folder} (setting Files:Directory) cannot be used: files can neither be stored nor read.")]
    public static partial void FileStoreUnusable(ILogger logger, Exception exception, string folder);
}
