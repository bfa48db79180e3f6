namespace Backend.MongoImport.Tests.Following;

/// <summary>Web hooks that the old server called are called by this one, without anybody declaring them anew.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class HookTests
{
    private const string Called = "select string_agg(concat_ws(' ', function_name, class_name, trigger_name, url), ',' order by function_name, class_name) from parse_compat.hooks";

    [Test]
    public async Task Imported_web_hooks_are_called_and_follow_their_source_but_not_those_declared_here()
    {
        await using var followed = await Followed.StartAsync(before: app =>
        {
            app.Put("_Hooks", "h1", d => d.Text("functionName", "hello").Text("url", "https://old.example/hello"));
            app.Put("_Hooks", "h2", d => d.Text("className", "Score").Text("triggerName", "beforeSave").Text("url", "https://old.example/save"));
            app.Put("_Hooks", "h3", d => d.Text("functionName", "odd").Text("className", "Score").Text("url", "https://old.example/odd"));
        });
        var target = followed.Target;
        Assert.That(await target.Get<string>(Called), Is.EqualTo("hello https://old.example/hello,Score beforeSave https://old.example/save"));

        await target.Database.ExecuteAsync("insert into parse_compat.hooks (function_name, url) values ('ours', 'https://new.example/ours')");
        followed.App.Put("_Hooks", "h1", d => d.Text("functionName", "hello").Text("url", "https://old.example/hello2"));
        followed.App.Put("_Hooks", "h4", d => d.Text("functionName", "ours").Text("url", "https://old.example/ours"));
        followed.Server.Mongo.Delete(Live.LiveServer.Database, "_Hooks", "h2");
        var version = await target.Get<long>("select version from catalog.state");
        await followed.CatchUpAsync();
        Assert.That(await target.Get<string>(Called), Is.EqualTo("hello https://old.example/hello2,ours https://new.example/ours"));
        Assert.That(await target.Get<long>("select version from catalog.state"), Is.GreaterThan(version), "every process learns of it");
    }
}
