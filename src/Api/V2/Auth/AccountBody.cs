using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Api.V2.Auth;

/// <summary>The body of a sign-up or of a change of the own account: what concerns the account, and the other fields of the row.</summary>
internal sealed record AccountBody(Optional<string?> Username, string? Password, Optional<string?> Email, string? InstallationId, ChangeSet Fields)
{
    public static async Task<AccountBody> ReadAsync(HttpRequest request, Table users, bool isInsert, CancellationToken cancellation)
    {
        var row = (await BodyReader.ReadAsync(request, allowArray: false, cancellation))[0];
        Optional<string?> username = default, email = default;
        string? password = null, installationId = null;
        var others = new List<BodyMember>();
        foreach (var member in row.Members)
        {
            switch (member.Name)
            {
                case "username":
                    username = Text(member);
                    break;
                case "email":
                    email = Text(member) is not "" and var address ? address : throw new Problem(400, ProblemCodes.Value, "email is empty");
                    break;
                case "password":
                    password = Text(member) ?? throw Bad(member.Name);
                    break;
                case "installationId":
                    installationId = Text(member);
                    break;
                case "emailVerified":
                    throw new Problem(403, ProblemCodes.Permission, "emailVerified is not for clients to say");
                default:
                    others.Add(member);
                    break;
            }
        }

        return new AccountBody(username, password, email, installationId, new ChangePlanner(users).Plan(new BodyRow(others), null, isInsert));
    }

    private static string? Text(BodyMember member)
    {
        var reader = new Utf8JsonReader(member.Json.Span);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => NestedJson.ReadString(ref reader),
            _ => throw Bad(member.Name),
        };
    }

    private static Problem Bad(string name) => new(400, ProblemCodes.Type, $"{name} must be a text");
}
