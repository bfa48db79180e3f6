using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Classes;

/// <summary>What every class handler works with.</summary>
internal sealed class ClassServices(
    LiveCatalog catalog, RowStore rows, ValueWriter values, IOptions<ParseCompatOptions> options, IOptions<AccessOptions> access, TimeProvider time,
    KeywordDenylist denylist, Complexity complexity, TriggerRunner triggers)
{
    /// <summary>Which classes and fields exist.</summary>
    public LiveCatalog Catalog { get; } = catalog;

    /// <summary>Reads and writes rows.</summary>
    public RowStore Rows { get; } = rows;

    /// <summary>Writes values.</summary>
    public ValueWriter Values { get; } = values;

    /// <summary>Writes rows.</summary>
    public RowWriter RowWriter { get; } = new(values);

    /// <summary>Calls triggers.</summary>
    public TriggerRunner Triggers { get; } = triggers;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>The words that written data may not hold.</summary>
    public KeywordDenylist Denylist { get; } = denylist;

    /// <summary>How much one request may ask for.</summary>
    public Complexity Complexity { get; } = complexity;

    /// <summary>The dialect's settings.</summary>
    public ParseCompatOptions Options { get; } = options.Value;

    /// <summary>Whether answers to writes show hidden fields.</summary>
    public bool ShowsHiddenAfterWrite { get; } = options.Value.ProtectedFieldsSaveResponseExempt;

    /// <summary>Whether users see all of their own row, whatever is hidden.</summary>
    public bool ShowsOwnersAll { get; } = access.Value.ProtectedFieldsOwnerExempt;

    private readonly string _base = options.Value.PublicServerUrl.TrimEnd('/');

    /// <summary>The address of a row, for the Location header.</summary>
    public string Location(string className, string id)
    {
        var path = className == ClassName.User ? "users" : "classes/" + className;
        return $"{_base}/{path}/{Uri.EscapeDataString(id)}";
    }
}
