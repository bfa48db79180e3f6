namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>A server with the keys of an app that has been around for years.</summary>
internal static class OldClientApp
{
    public static async Task<ParseApp> StartAsync(string folder)
    {
        var app = await ParseApp.StartAsync(("ParseCompat:ClientKey", "ck"), ("ParseCompat:JavaScriptKey", "jk"), ("ParseCompat:DotNetKey", "wk"),
            ("ParseCompat:FileUpload:EnableForPublic", "true"), ("Files:Directory", folder));
        foreach (var score in new[] { 900, 1100, 1337 })
            await app.JsonAsync("POST", "/parse/classes/GameScore", $$"""{"score":{{score}},"playedAt":{"__type":"Date","iso":"2016-01-02T03:04:05.678Z"} }""");
        return app;
    }
}
