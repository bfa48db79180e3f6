using Backend.Data.Access;
using Backend.Data.Catalog;
using Microsoft.Extensions.Configuration;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class AccessOptionsTests
{
    private static readonly Caller Ann = Caller.User("ann", []);

    [Test]
    public void Addresses_of_users_are_hidden_whatever_else_the_deployment_hides()
    {
        var options = new AccessOptions { ProtectedFields = new() { ["users"] = new() { ["*"] = ["zip"] } } };

        Assert.That(Hidden(null, Ann), Is.EquivalentTo(["email", "authData"]));
        Assert.That(Hidden(options, Ann), Is.EquivalentTo(["email", "zip", "authData"]));
    }

    [Test]
    public void What_the_deployment_hides_from_everybody_may_be_less_for_users()
    {
        var options = new AccessOptions { ProtectedFields = new() { ["users"] = new() { ["*"] = ["email", "zip"], ["authenticated"] = ["zip"] } } };

        Assert.That(Hidden(options, Caller.Anonymous), Is.EquivalentTo(["email", "zip", "authData"]));
        Assert.That(Hidden(options, Ann), Is.EquivalentTo(["zip", "authData"]));
    }

    [Test]
    public void Groups_of_roles_and_of_fields_can_be_configured()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Access:ProtectedFields:users:*:0"] = "email",
            ["Access:ProtectedFields:users:*:1"] = "zip",
            ["Access:ProtectedFields:users:role:The 2nd:Admins"] = "",
            ["Access:ProtectedFields:users:userField:boss:0"] = "zip",
            ["Access:ProtectedFields:Note:0a1:0"] = "text",
            ["Access:ProtectedFieldsOwnerExempt"] = "false",
        };
        var options = new AccessOptions();

        options.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build().GetSection(AccessOptions.Section));

        Assert.That(options.ProtectedFields!["users"], Is.EquivalentTo(new Dictionary<string, string[]>
        {
            ["*"] = ["email", "zip"],
            ["role:The 2nd:Admins"] = [],
            ["userField:boss"] = ["zip"],
        }));
        Assert.That(options.ProtectedFields["Note"], Is.EquivalentTo(new Dictionary<string, string[]> { ["0a1"] = ["text"] }));
        Assert.That(options.ProtectedFieldsOwnerExempt, Is.False);
    }

    private static IEnumerable<string> Hidden(AccessOptions? options, Caller caller) =>
        AccessRules.HiddenFields(new Table(1, "users", "_User", "users", true, [], access: options), caller);
}
