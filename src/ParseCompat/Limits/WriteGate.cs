using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Limits;

/// <summary>
/// While writes are closed (<see cref="WriteSwitch"/>) refuses whatever would write, before a hook is called or a password is checked: everything but
/// GET, and the GETs that make a session or count a wrong password. What it lets through by mistake the database refuses.
/// </summary>
internal sealed class WriteGate(LiveCatalog catalog) : IRequestGate
{
    /// <inheritdoc/>
    public bool IsOn => true;

    /// <inheritdoc/>
    public ValueTask AdmitAsync(ParseRequest request)
    {
        var snapshot = catalog.GetAsync(request.Aborted);
        return snapshot is { IsCompletedSuccessfully: true, Result.WritesClosed: false } ? default : CheckAsync(snapshot, request);
    }

    private static async ValueTask CheckAsync(ValueTask<CatalogSnapshot> reading, ParseRequest request)
    {
        if ((await reading).WritesClosed && Writes(request))
            throw ParseError.WritesClosed();
    }

    // A batch is what its items are; events are taken and dropped.
    private static bool Writes(ParseRequest request) => request.Segments is [var first, ..]
        && (request.Method is "GET" or "HEAD"
            ? Is(first, "login") || Is(first, "verifyPassword")
            : !Is(first, "batch") && !Is(first, "events") && !Is(first, "health"));

    private static bool Is(string segment, string name) => segment.Equals(name, StringComparison.OrdinalIgnoreCase);
}
