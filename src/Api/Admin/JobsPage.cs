using System.Globalization;
using Backend.Data.Catalog;
using Backend.Jobs.Overview;

namespace Backend.Api.Admin;

/// <summary>The page <c>/jobs</c>, as HTML.</summary>
internal static class JobsPage
{
    public static Html Render(JobsReport report, CatalogWorkReport tables, Html message)
    {
        var scheduled = report.Recurring.Count;
        return PageLayout.Page(
            "Background jobs",
            $"""
            <p class="soft">As of {Time(report.At, report.At)}, of all processes. <a href="/jobs">Look again</a></p>
            <nav aria-label="Sections"><ul>
            {Tab("failed", report.Failed.Total, "failed")}
            {Tab("running", report.Running.Total, "running")}
            {Tab("waiting", report.Waiting.Total, "waiting")}
            {Tab("recurring", scheduled, "recurring")}
            {Tab("tables", tables.Indexes.Count + tables.Fields.Count, "to do in tables")}
            {Tab("history", report.Done.Total, "done")}
            </ul></nav>
            """,
            $"""
            {message}
            {Section("failed", "Failed", "Given up after their last attempt. Queued again, they have all their attempts again.", "No job has failed.", report.Failed, job => Failed(job, report.At))}
            {Section("running", "Running", null, "Nothing is running.", report.Running, job => Running(job, report.At))}
            {Section("waiting", "Waiting and scheduled", null, "Nothing waits.", report.Waiting, job => Waiting(job, report.At))}
            {Recurring(report)}
            {CatalogWorkSection.Render(tables)}
            {Section("history", "History", "Done, newest first. Runs of recurring jobs are not listed here.", "Nothing has been done yet.", report.Done, job => Done(job, report.At), "compact")}
            """);
    }

    /// <summary>What became of a request to queue a job again.</summary>
    public static Html Message(long id, bool done) => done
        ? (Html)$"""<p class="message" role="status">Job {id} is queued again.</p>"""
        : $"""<p class="message bad" role="alert">Job {id} was not queued again: it is not a failed job any more, or the next run of its schedule waits already.</p>""";

    private static Html Tab(string anchor, long count, string word) => $"""<li><a href="#{anchor}"><strong>{count}</strong> {word}</a></li>""";

    private static Html Section(string id, string title, string? note, string empty, JobList list, Func<JobEntry, Html> item, string look = "") => $"""
        <section aria-labelledby="{id}">
        <h2 id="{id}">{title}</h2>
        {(note is null ? Html.Nothing : Html.Of($"<p class=\"soft\">{note}</p>"))}
        {(list.Jobs.Count == 0 ? Html.Of($"<p class=\"empty\">{empty}</p>") : Html.Of($"<ul class=\"list {look}\">{list.Jobs.Select(item)}</ul>"))}
        {(list.Total > list.Jobs.Count ? Html.Of($"<p class=\"soft\">{list.Jobs.Count} of {list.Total:N0} are shown.</p>") : Html.Nothing)}
        </section>
        """;

    private static Html Failed(JobEntry job, DateTime now) => $"""
        <li>
        <div>{Name(job)}<p class="soft">{Attempts(job)}, last on {job.Node}</p></div>
        <div class="when"><p class="soft">given up {Time(job.FinishedAt, now)}</p></div>
        <pre class="wide" tabindex="0">{job.Error}</pre>
        <form class="wide" method="post" action="/jobs/{job.Id}/requeue"><button aria-label="Queue job {job.Id} again">Queue again</button></form>
        </li>
        """;

    private static Html Running(JobEntry job, DateTime now) => $"""
        <li>
        <div>{Name(job)}<p class="soft">attempt {job.Attempts} on {job.Node}</p></div>
        <div class="when"><p class="soft">since {Time(job.StartedAt, now)}</p></div>
        </li>
        """;

    private static Html Waiting(JobEntry job, DateTime now) => $"""
        <li>
        <div>{Name(job)}{(job.Attempts > 0 ? Html.Of($"<p class=\"soft\">{Attempts(job)} failed</p>") : Html.Nothing)}</div>
        <div class="when"><p class="soft">due {Time(job.RunAt, now)}</p></div>
        {(job.Error is null ? Html.Nothing : Html.Of($"<pre class=\"wide\" tabindex=\"0\">{job.Error}</pre>"))}
        </li>
        """;

    private static Html Done(JobEntry job, DateTime now) => $"""
        <li>
        <div>{Name(job)}<p class="soft">{Attempts(job)} on {job.Node}</p></div>
        <div class="when"><p class="soft">done {Time(job.FinishedAt, now)}</p></div>
        </li>
        """;

    private static Html Recurring(JobsReport report) => $"""
        <section aria-labelledby="recurring">
        <h2 id="recurring">Recurring</h2>
        <ul class="list">{report.Recurring.Select(schedule => Schedule(schedule, report.At))}</ul>
        </section>
        """;

    private static Html Schedule(RecurringEntry schedule, DateTime now) => $"""
        <li>
        <div><h3>{schedule.Name}</h3><p class="soft"><code>{schedule.Cron}</code> (UTC)</p></div>
        <div class="when"><p class="soft">next {Time(schedule.Next?.UtcDateTime, now)}</p><p class="soft">{LastRun(schedule.Last, now)}</p></div>
        </li>
        """;

    private static Html LastRun(JobEntry? run, DateTime now) => run switch
    {
        null => $"not run yet",
        { State: "done" } => $"<span class=\"good\">done</span> {Time(run.FinishedAt, now)}",
        { State: "dead" } => $"<span class=\"bad\">failed</span> {Time(run.FinishedAt, now)}",
        { State: "running" } => $"running since {Time(run.StartedAt, now)}",
        { Attempts: > 0 } => $"<span class=\"bad\">failed</span> {Attempts(run)}, next try {Time(run.RunAt, now)}",
        _ => $"waits since {Time(run.EnqueuedAt, now)}",
    };

    private static Html Name(JobEntry job) => $"<h3>{job.Job} <span class=\"soft\">#{job.Id}</span></h3>";

    private static Html Attempts(JobEntry job) => job.Attempts == 1 ? (Html)$"1 attempt" : $"{job.Attempts} attempts";

    private static Html Time(DateTime? at, DateTime now)
    {
        if (at is not { } time)
            return $"never";
        var machine = time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var person = time.ToString(time.Date == now.Date ? "HH:mm:ss 'UTC'" : "d MMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture);
        return $"<time datetime=\"{machine}\">{person}</time>{Distance(time - now)}";
    }

    private static Html Distance(TimeSpan distance)
    {
        var span = distance.Duration();
        if (span.TotalSeconds < 1)
            return Html.Nothing;
        var text = span.TotalMinutes < 1 ? $"{(int)span.TotalSeconds} s"
            : span.TotalHours < 1 ? $"{(int)span.TotalMinutes} min"
            : span.TotalDays < 2 ? $"{(int)span.TotalHours} h"
            : $"{(int)span.TotalDays} days";
        return distance > TimeSpan.Zero ? (Html)$" (in {text})" : $" ({text} ago)";
    }
}
