using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>
/// Declarations that are not tables or fields but are kept up in the same way: read again with every new version of the catalog, and changed
/// through <see cref="LiveCatalog.ChangeFollowedAsync"/>, so that a change is answered when every live process knows it. Reading what was read needs no
/// word to the database, once <see cref="LiveCatalog.GetAsync"/> has been asked.
/// </summary>
public interface ICatalogFollower
{
    /// <summary>Reads everything again, over a connection that is the caller's.</summary>
    Task ReadAsync(NpgsqlConnection connection, CancellationToken cancellation);
}
