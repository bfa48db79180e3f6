using System.Net.Sockets;
using Backend.ParseCompat.Wire;
using Npgsql;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>What becomes of failures below.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ErrorMappingTests
{
    [Test]
    public void A_database_that_is_away_is_an_answer_and_not_a_failure_to_be_logged_for_every_request()
    {
        Exception[] failures =
        [
            new NpgsqlException("Exception while reading from stream", new IOException()),
            new NpgsqlException("Failed to connect", new SocketException((int)SocketError.ConnectionRefused)),
            new PostgresException("the database system is starting up", "FATAL", "FATAL", PostgresErrorCodes.CannotConnectNow),
            new PostgresException("terminating connection", "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown),
            new PostgresException("terminating connection", "WARNING", "WARNING", PostgresErrorCodes.CrashShutdown),
            new PostgresException("cannot execute INSERT in a read-only transaction", "ERROR", "ERROR", PostgresErrorCodes.ReadOnlySqlTransaction),
            new PostgresException("sorry, too many clients already", "FATAL", "FATAL", PostgresErrorCodes.TooManyConnections),
        ];
        foreach (var failure in failures)
            Assert.That(ErrorMapping.From(failure), Is.Not.Null.And.Property(nameof(ParseError.Status)).EqualTo(503).And.Property(nameof(ParseError.Code)).EqualTo(1), failure.Message);
    }

    [Test]
    public void What_nobody_expected_is_a_failure() =>
        Assert.That(ErrorMapping.From(new PostgresException("no space left on device", "ERROR", "ERROR", PostgresErrorCodes.DiskFull)), Is.Null);
}
