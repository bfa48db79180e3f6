using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.ParseCompat.Schemas;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Tests.Schemas;

[Parallelizable(ParallelScope.All)]
internal sealed class PermissionsTests
{
    private const string Public =
        """{"find":{"*":true},"count":{"*":true},"get":{"*":true},"create":{"*":true},"update":{"*":true},"delete":{"*":true},"addField":{"*":true},"protectedFields":{"*":[]}}""";

    [TestCase("""{}""", """{"find":{},"count":{},"get":{},"create":{},"update":{},"delete":{},"addField":{},"protectedFields":{}}""",
        TestName = "What is not mentioned is open to nobody")]
    [TestCase("""{"find":{"*":true},"create":{"role:admin":true,"abc":true},"get":{"requiresAuthentication":true}}""",
        """{"find":{"*":true},"count":{},"get":{"requiresAuthentication":true},"create":{"abc":true,"role:admin":true},"update":{},"delete":{},"addField":{},"protectedFields":{}}""",
        TestName = "Operations keep their principals")]
    [TestCase("""{"update":{"pointerFields":["owner"]},"readUserFields":["owner","friends"],"protectedFields":{"*":["secret"],"userField:owner":[]},"ACL":{"*":{"read":true},"currentUser":{"read":true,"write":true}}}""",
        """{"find":{},"count":{},"get":{},"create":{},"update":{"pointerFields":["owner"]},"delete":{},"addField":{},"ACL":{"*":{"read":true},"currentUser":{"read":true,"write":true}},"readUserFields":["owner","friends"],"protectedFields":{"*":["secret"],"userField:owner":[]}}""",
        TestName = "Pointer fields, default access list and protected fields come back")]
    [TestCase("null", Public, TestName = "Null removes the declaration")]
    public void Permissions_come_back_as_they_were_declared(string declared, string shown) =>
        Assert.That(Print(declared), Is.EqualTo(shown));

    [TestCase("""{"dummy":{}}""", "dummy is not a valid operation for class level permissions")]
    [TestCase("""{"find":{"12345_6789":true}}""", "'12345_6789' is not a valid key for class level permissions")]
    [TestCase("""{"find":{" *":true}}""", "' *' is not a valid key for class level permissions")]
    [TestCase("""{"find":{"*":1}}""", "'1' is not a valid value for class level permissions find:*:1")]
    [TestCase("""{"find":{"*":""}}""", "'' is not a valid value for class level permissions find:*:")]
    [TestCase("""{"get":true}""", "'true' is not a valid value for class level permissions get - must be an object")]
    [TestCase("""{"readUserFields":true}""", "'true' is not a valid value for class level permissions readUserFields - must be an array")]
    [TestCase("""{"get":{"pointerFields":{}}}""", "'[object Object]' is not a valid value for get[pointerFields] - expected an array.")]
    [TestCase("""{"writeUserFields":["secret"]}""", "'secret' is not a valid column for class level pointer permissions writeUserFields")]
    [TestCase("""{"protectedFields":{"*":["nope"]}}""", "Field 'nope' in protectedFields:* does not exist")]
    [TestCase("""{"protectedFields":{"*":["createdAt"]}}""", "Default field 'createdAt' can not be protected")]
    [TestCase("""{"protectedFields":{"*":"secret"}}""", "'secret' is not a valid value for protectedFields[*] - expected an array.")]
    public void A_fault_is_named(string declared, string message)
    {
        var error = Assert.Throws<ParseError>(() => Print(declared))!;
        Assert.That((error.Code, error.Message), Is.EqualTo((107, message)));
    }

    private static string Print(string declared)
    {
        var fields = new[] { new FieldSpec("owner", FieldKind.Reference, "_User"), new FieldSpec("friends", FieldKind.Array), new FieldSpec("secret", FieldKind.Text) };
        using var json = JsonDocument.Parse(declared);
        var permissions = new PermissionsReader(name => fields.FirstOrDefault(f => f.Name == name), allowAnyUserId: false).Read(json.RootElement);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            PermissionsWriter.Write(writer, permissions ?? Data.Access.TablePermissions.Public, permissions is not null, []);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
