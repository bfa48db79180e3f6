using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

[Parallelizable(ParallelScope.All)]
public sealed class ConfigurationTests
{
    [Test]
    public async Task Nginx_accepts_the_configuration()
    {
        var (exitCode, output) = await NginxServer.CheckAsync();
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Not.Contain("[warn]"));
    }

    [Test]
    public async Task The_TLS_server_answers_once_it_has_a_certificate()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"backend-tls-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            var settings = WriteCertificate(folder);
            var port = FreePort.Next();
            settings["NGINX_TLS_LISTEN"] = $"127.0.0.1:{port}";
            using var api = FakeApi.ThatSays("{}");
            await using var nginx = await NginxServer.StartAsync([api.Port], settings: settings);
            using var client = new HttpClient(new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator,
            });
            Assert.That(await client.GetStringAsync($"https://127.0.0.1:{port}/health"), Is.EqualTo("{}"));
            Assert.That(api.Requests[0], Does.Contain("X-Forwarded-Proto: https\r\n"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void A_setting_cannot_smuggle_in_directives() => Assert.That(
        async () => await NginxServer.CheckAsync(new Dictionary<string, string> { ["NGINX_UPSTREAMS"] = "127.0.0.1:1; } evil {" }),
        Throws.InvalidOperationException.With.Message.Contains("not allowed"));

    private static Dictionary<string, string> WriteCertificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var settings = new Dictionary<string, string>
        {
            ["NGINX_TLS_CERTIFICATE"] = Path.Combine(folder, "certificate.pem"),
            ["NGINX_TLS_KEY"] = Path.Combine(folder, "key.pem"),
        };
        File.WriteAllText(settings["NGINX_TLS_CERTIFICATE"], certificate.ExportCertificatePem());
        File.WriteAllText(settings["NGINX_TLS_KEY"], key.ExportPkcs8PrivateKeyPem());
        return settings;
    }
}
