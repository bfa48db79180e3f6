namespace Backend.Api.Admin;

/// <summary>The frame of our pages. Everything is in the one answer: no script, no font, no image.</summary>
internal static class PageLayout
{
    /// <summary>The style sheet. It is allowed by its hash, so it stands in the page byte for byte.</summary>
    public const string Style = """
        :root { color-scheme: light dark; --ink: #1c2024; --soft: #5b6570; --line: #d9dee3; --ground: #f6f7f9; --card: #fff; --accent: #1f5fbf; --bad: #b3261e; --badground: #fdecea; --good: #1b6e3c; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #a3adb8; --line: #353c44; --ground: #15181b; --card: #1e2226; --accent: #8ab4f8; --bad: #ffb4ab; --badground: #3a1f1d; --good: #7fd69a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        header, main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
        header { padding-bottom: 0; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
        p { margin: .25rem 0; }
        a { color: var(--accent); }
        .soft { color: var(--soft); font-size: .9rem; font-weight: normal; }
        h2 + .soft { margin-bottom: .5rem; }
        nav ul { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 1rem 0 0; padding: 0; }
        nav a { display: flex; gap: .5rem; align-items: baseline; min-height: 2.75rem; padding: .5rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; color: var(--ink); text-decoration: none; }
        nav a:hover { border-color: var(--accent); }
        nav strong { font-size: 1.15rem; font-variant-numeric: tabular-nums; }
        .list { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
        .list > li { padding: .75rem 1rem; display: grid; gap: .15rem 1.5rem; grid-template-columns: minmax(0, 1fr) auto; align-items: start; }
        .list > li + li { border-top: 1px solid var(--line); }
        .list .when { text-align: right; }
        .list .wide { grid-column: 1 / -1; }
        .empty { color: var(--soft); background: var(--card); border: 1px dashed var(--line); border-radius: .6rem; padding: .75rem 1rem; }
        pre { margin: .25rem 0 0; padding: .5rem .75rem; background: var(--badground); color: var(--bad); border-radius: .4rem; font: .85rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 14rem; overflow-y: auto; }
        form { margin: .5rem 0 .25rem; }
        .compact > li { padding: .4rem 1rem; }
        .compact h3, .compact h3 + p { display: inline; }
        code { font: .85rem ui-monospace, monospace; }
        button { font: inherit; min-height: 2.75rem; padding: .4rem 1rem; border-radius: .5rem; border: 1px solid var(--accent); background: var(--accent); color: var(--card); cursor: pointer; }
        button:hover { filter: brightness(1.1); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .message { padding: .75rem 1rem; border-radius: .6rem; border: 1px solid var(--good); color: var(--good); background: var(--card); }
        .message.bad { border-color: var(--bad); color: var(--bad); }
        .bad { color: var(--bad); } .good { color: var(--good); }
        @media (max-width: 36rem) { .list > li { grid-template-columns: minmax(0, 1fr); } .list .when { text-align: left; } button { width: 100%; } }
        """;

    public static Html Page(string title, Html header, Html main) => $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{title}</title>
        <style>{StyleSheet}</style>
        </head>
        <body>
        <header>
        <h1>{title}</h1>
        {header}
        </header>
        <main>
        {main}
        </main>
        </body>
        </html>
        """;

    private static Html StyleSheet { get; } = Raw(Style);

    private static Html Raw(string markup)
    {
        var html = new Html(markup.Length, 0);
        html.AppendLiteral(markup);
        return html;
    }
}
