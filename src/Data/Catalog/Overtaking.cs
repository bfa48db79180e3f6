using System.Diagnostics;

namespace Backend.Data.Catalog;

/// <summary>
/// For a request that was planned by a snapshot of the catalog and overtaken by a change before its statement ran (<see cref="RefusalKind.Conflict"/>; nothing
/// was written): it is planned again by the newest snapshot, for as long as a statement may take. One for each request that was.
/// </summary>
public sealed class Overtaking
{
    /// <summary>So often it is tried without anything new in the catalog: then it is not changes that are in the way.</summary>
    private const int MostWithoutNews = 8;

    /// <summary>The longest pause is this power of two, in milliseconds.</summary>
    private const int LongestPause = 7;

    private readonly LiveCatalog _catalog;
    private readonly TimeSpan _patience;
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _version;
    private int _times;
    private int _withoutNews;

    internal Overtaking(LiveCatalog catalog, TimeSpan patience)
    {
        _catalog = catalog;
        _patience = patience;
        _version = catalog.Current.Version;
    }

    /// <summary>
    /// Pauses, longer each time and by chance, so that those who met do not meet again, and brings the catalog up to date.
    /// </summary>
    /// <returns>False: the time is over, or changes of the catalog are not the cause; the refusal stands.</returns>
    public async Task<bool> TryAgainAsync(CancellationToken cancellation = default)
    {
        if (Stopwatch.GetElapsedTime(_began) >= _patience)
            return false;
        if (_times++ > 0)
            await Task.Delay(Random.Shared.Next(1, 1 << Math.Min(_times, LongestPause)), cancellation);
        var version = (await _catalog.CheckAsync(cancellation)).Version;
        _withoutNews = version == _version ? _withoutNews + 1 : 0;
        _version = version;
        return _withoutNews < MostWithoutNews;
    }
}
