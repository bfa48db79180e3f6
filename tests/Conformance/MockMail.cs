using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backend.Jobs.Mail;

namespace Backend.Conformance;

/// <summary>The suite's mail adapter: drops a mail, or tells the functions of a test (its README: <c>__callback</c>).</summary>
internal sealed class MockMail(Options asked) : IMailTransport
{
    private static readonly HttpClient Client = new();

    public async Task SendAsync(LinkMail mail, CancellationToken cancellation)
    {
        var own = mail.Job.Contains("verification", StringComparison.Ordinal) ? "sendVerificationEmail" : "sendPasswordResetEmail";
        var adapter = asked.Set["emailAdapter"];
        var (url, told) = (string?)adapter?[own]?["__callback"] is { } special
            ? (special, new JsonObject { ["link"] = mail.Link.AbsoluteUri, ["user"] = new JsonObject { ["username"] = mail.UserName, ["email"] = mail.To } })
            : ((string?)adapter?["sendMail"]?["__callback"], new JsonObject { ["to"] = mail.To, ["subject"] = mail.Subject, ["text"] = mail.Text });
        if (url is null)
            return;
        if (asked.Set["appName"] is { } name)
            told["appName"] = name.DeepClone();
        using var answer = await Client.PostAsJsonAsync(url, new JsonObject { ["args"] = new JsonArray(told) }, cancellation);
    }
}
