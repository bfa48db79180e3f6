using Backend.Data.Catalog;
using Npgsql;

namespace Backend.ParseCompat.Hooks;

/// <summary>The hooks as this process knows them: as new as the catalog's snapshot, which every request asks for.</summary>
internal sealed class HookRegistry : ICatalogFollower
{
    private volatile HookSnapshot _current = HookSnapshot.None;

    /// <summary>The hooks.</summary>
    public HookSnapshot Current => _current;

    /// <inheritdoc/>
    public async Task ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var hooks = await HookStore.ReadAsync(connection, "true", [], cancellation);
        _current = hooks.Count == 0 ? HookSnapshot.None : new HookSnapshot(hooks);
    }
}
