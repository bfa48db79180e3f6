using System.Globalization;
using Backend.Data.Catalog;

namespace Backend.Api.Admin;

/// <summary>The part of the page <c>/jobs</c> that shows what changes of tables left for the background: index builds and fields that get a column.</summary>
internal static class CatalogWorkSection
{
    public static Html Render(CatalogWorkReport report) => $"""
        <section aria-labelledby="tables">
        <h2 id="tables">Tables</h2>
        <p class="soft">Declared indexes that are not ready, and fields that do not have all their values in a column yet. The recurring job tables.keep sees to both.</p>
        {(report.Indexes.Count + report.Fields.Count == 0 ? Html.Of($"<p class=\"empty\">Everything is in place.</p>") : Html.Of($"<ul class=\"list compact\">{report.Indexes.Select(Index)}{report.Fields.Select(Field)}</ul>"))}
        </section>
        """;

    private static Html Index(IndexReport index) => $"""
        <li>
        <div><h3>{index.Table} <span class="soft">index {index.Name}</span></h3><p class="soft"><code>{index.DefinitionJson}</code></p></div>
        <div class="when"><p class="soft">{State(index)}</p></div>
        </li>
        """;

    private static Html Field(FieldOnItsWay field) => $"""
        <li>
        <div><h3>{field.Table} <span class="soft">field {field.Field}</span></h3></div>
        <div class="when"><p class="soft">{Step(field.Step)}</p></div>
        </li>
        """;

    private static string State(IndexReport index) => index.State switch
    {
        IndexState.Building when index.Done is { } done => string.Create(CultureInfo.InvariantCulture, $"being built, {done:P0} of this phase"),
        IndexState.Building => "being built",
        IndexState.Waiting => "about to be built",
        IndexState.Missing => "not there; the next run builds it",
        _ => "its building failed; the next run builds it again",
    };

    private static string Step(FieldPromotion step) => step switch
    {
        FieldPromotion.Prepared => "has an empty column",
        FieldPromotion.Moving => "its values are being moved to its column",
        FieldPromotion.Closing => "nearly done",
        _ => "has no column yet",
    };
}
