using Backend.Testing;

namespace Backend.EndToEnd;

/// <summary>Client libraries of the new API, through nginx, on the imported sample app.</summary>
public sealed class NewClientTests
{
    [TestCase("rows", TestName = "A_PostgREST_client_finds_writes_and_pages_imported_rows")]
    public async Task Scenario(string name)
    {
        var backend = await SharedSampleBackend.GetAsync();
        await NodeScenario.RunAsync(Repository.File("tests", "EndToEnd", "clients"), name, new Dictionary<string, string> { ["BACKEND_URL"] = backend.Url });
    }
}
