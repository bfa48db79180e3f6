using Backend.Data.Access;
using Backend.Data.Catalog;

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

    private static IEnumerable<string> Hidden(AccessOptions? options, Caller caller) =>
        AccessRules.HiddenFields(new Table(1, "users", "_User", "users", true, [], access: options), caller);
}
