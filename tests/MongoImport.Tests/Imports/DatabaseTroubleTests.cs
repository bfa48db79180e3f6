using Backend.MongoImport.Loading;
using Npgsql;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>Errors that end a run, and those that concern one class.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class DatabaseTroubleTests
{
    [TestCase("53100", "disk of the database is full")]
    [TestCase("53200", "has run out of something")]
    [TestCase("57P01", "ended the connection")]
    [TestCase("08006", "ended the connection")]
    public void What_no_class_can_be_imported_after_is_told(string state, string sentence) =>
        Assert.That(DatabaseTrouble.Explain(Error(state)), Does.Contain(sentence).And.Contain("the reason"));

    [Test]
    public void A_connection_that_broke_is_told() =>
        Assert.That(DatabaseTrouble.Explain(new NpgsqlException("Exception while reading from stream", new IOException("Connection reset by peer"))), Does.Contain("lost (Connection reset by peer)"));

    [TestCase("23505")]
    [TestCase("57014")]
    [TestCase("54000")]
    public void What_concerns_a_class_leaves_the_others_to_be_imported(string state) =>
        Assert.That(DatabaseTrouble.EndsEverything(Error(state)), Is.False);

    private static PostgresException Error(string state) => new("the reason", "ERROR", "ERROR", state);
}
