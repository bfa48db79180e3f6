using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class ConnectionSettingTests
{
    [TestCase("Database", "nonsense")]
    [TestCase("Database", "Hots=x;Password=s3cret")]
    [TestCase("Database", "Host=x;Port=s3cret")]
    [TestCase("Replica", "s3cret;=")]
    public void A_connection_string_that_is_none_is_named_and_not_shown(string name, string value)
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:Database"] = "Host=x", ["ConnectionStrings:" + name] = value };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

        Assert.That(() => new ServiceCollection().AddData(configuration), Throws.InvalidOperationException.With.Message.Contains("ConnectionStrings:" + name)
            .And.Message.Not.Contains("s3cret"));
    }
}
