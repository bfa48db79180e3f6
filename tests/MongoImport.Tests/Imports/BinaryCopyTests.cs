using Backend.MongoImport.Loading;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Imports;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class BinaryCopyTests
{
    [Test]
    public async Task What_breaks_a_copy_off_is_what_its_caller_hears_of_and_the_connection_goes_on()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await database.ExecuteAsync("create table public.rows (n int)");
        await using var connection = await database.DataSource.OpenConnectionAsync();
        const string copy = "copy public.rows from stdin (format binary)";

        Assert.That(
            () => BinaryCopy.RunAsync(connection, copy, stream => stream.WriteAsync(CopySink.Header, new CancellationToken(canceled: true)).AsTask(), default),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => BinaryCopy.RunAsync(connection, copy, async stream =>
        {
            await stream.WriteAsync(CopySink.Header);
            throw new EndOfStreamException("the source ends");
        }, default), Throws.InstanceOf<EndOfStreamException>());

        await using var count = new Npgsql.NpgsqlCommand("select count(*) from public.rows", connection);
        Assert.That(await count.ExecuteScalarAsync(), Is.Zero);
    }
}
