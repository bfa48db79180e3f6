using System.Text;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>Requests in the forms of SDKs other than JavaScript's (contract 30.1, appendix A), replayed over a socket in the order of a session of the app.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class RecordedTests
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
    private ParseApp _app = null!;

    private static IEnumerable<string> Files => Directory.GetFiles(Recording.Folder, "*.http").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);

    [OneTimeSetUp]
    public async Task Start() => _app = await OldClientApp.StartAsync(_folder);

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _app.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [TestCaseSource(nameof(Files))]
    public async Task A_recorded_session_is_answered_as_its_SDK_reads_it(string file)
    {
        var reader = new SdkReader(Path.GetFileNameWithoutExtension(file));
        var kept = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["now"] = DateTime.UtcNow.ToString("R", null),
            ["basic"] = Convert.ToBase64String("app:javascript-key=jk"u8),
        };
        using var connection = await RawConnection.OpenAsync(_app.Address);
        foreach (var exchange in Recording.Read(file))
        {
            var headers = exchange.Headers.Select(h => KeyValuePair.Create(h.Key, Expectations.Fill(h.Value, kept)));
            var body = exchange.Body is null ? null : Encoding.UTF8.GetBytes(Expectations.Fill(exchange.Body, kept));
            var answer = await connection.SendAsync(exchange.Method, Expectations.Fill(exchange.Target, kept), headers, body);
            try
            {
                Expectations.Check(answer, reader.Read(answer, exchange.Target), exchange.Expected, kept);
            }
            catch (Exception e) when (e is not SuccessException)
            {
                Assert.Fail($"{file}: {exchange.Title}: {e.Message}");
            }
        }
    }
}
