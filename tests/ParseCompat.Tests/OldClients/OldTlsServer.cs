using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>nginx with its real configuration and an RSA certificate, as apps that were built for Android 4 expect one.</summary>
internal sealed class OldTlsServer : IAsyncDisposable
{
    private readonly NginxServer _nginx;
    private readonly string _folder;

    private OldTlsServer(NginxServer nginx, string folder, int port) => (_nginx, _folder, Port) = (nginx, folder, port);

    public int Port { get; }

    public static async Task<OldTlsServer> StartAsync(string api)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"backend-tls-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=app.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var port = FreePort.Next();
        var settings = new Dictionary<string, string>
        {
            ["NGINX_TLS_CERTIFICATE"] = Path.Combine(folder, "certificate.pem"),
            ["NGINX_TLS_KEY"] = Path.Combine(folder, "key.pem"),
            ["NGINX_TLS_LISTEN"] = $"127.0.0.1:{port}",
        };
        await File.WriteAllTextAsync(settings["NGINX_TLS_CERTIFICATE"], certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(settings["NGINX_TLS_KEY"], key.ExportPkcs8PrivateKeyPem());
        return new OldTlsServer(await NginxServer.StartAsync([new Uri(api).Port], settings: settings), folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _nginx.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
