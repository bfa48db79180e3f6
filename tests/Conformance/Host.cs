using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backend.Conformance;

/// <summary>
/// Starts the API with the configuration that the conformance suite asks for, on a database of its own, and beside it a second port with
/// what a suite needs and a server must not have: <c>POST /reset</c> and <c>POST /reconfigure</c>. Both listen on loopback alone.
/// </summary>
internal static class Host
{
    public static async Task<int> Main(string[] args)
    {
        var port = Number(args, "--port");
        var admin = Number(args, "--admin");
        await using var database = await SuiteDatabase.CreateAsync();
        await using var target = new Target(port, database);
        await target.StartAsync(new Options());

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.Urls.Add($"http://localhost:{admin}");
        app.MapPost("/reset", async () =>
        {
            await target.ResetAsync();
            return Results.Ok(new { });
        });
        app.MapPost("/reconfigure", async (HttpRequest request) =>
        {
            var asked = await Options.ReadAsync(request.Body);
            return await target.StartAsync(asked) is { } refusal ? Results.Json(new { error = refusal }, statusCode: 400) : Results.Ok(new { });
        });
        await app.RunAsync();
        return 0;
    }

    private static int Number(string[] args, string name) =>
        Array.IndexOf(args, name) is var at && at >= 0 && at + 1 < args.Length && int.TryParse(args[at + 1], out var value)
            ? value
            : throw new ArgumentException($"usage: --port NUMBER --admin NUMBER ({name} is missing)");
}
