using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Rows;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Wire;

/// <summary>
/// One request of the dialect with its credentials checked: the HTTP request itself, or an item of a batch, which shares everything with
/// the outer request but method, path and body.
/// </summary>
internal sealed class ParseRequest
{
    private List<KeyValuePair<string, string>>? _query;
    private List<Parameter>? _parameters;

    /// <summary>The HTTP request behind it (of a batch: the outer one).</summary>
    public required HttpContext Http { get; init; }

    /// <summary>The method after the override.</summary>
    public required string Method { get; init; }

    /// <summary>The mount it came through, for example <c>/parse</c>.</summary>
    public required string Mount { get; init; }

    /// <summary>Decoded path segments below the mount.</summary>
    public required string[] Segments { get; init; }

    /// <summary>The query string with its question mark, or empty.</summary>
    public required string QueryString { get; init; }

    /// <summary>The body.</summary>
    public required RequestBody Body { get; init; }

    /// <summary>What the request showed.</summary>
    public required Credentials Credentials { get; init; }

    /// <summary>On whose behalf it runs.</summary>
    public Caller Caller { get; set; } = Caller.Anonymous;

    /// <summary>The maintenance key was shown: internal fields are visible and writable.</summary>
    public bool IsMaintenance { get; init; }

    /// <summary>The route found.</summary>
    public Route Route { get; set; } = null!;

    /// <summary>Whether it is an item of a batch.</summary>
    public bool IsInBatch { get; private init; }

    /// <summary>The open transaction that the items of a batch share, or null: nothing may call out, or wait for anything else than its connection.</summary>
    public RowTransaction? Transaction { get; private init; }

    /// <summary>The transaction that this write has to enter when it has prepared itself, or null.</summary>
    public ISharedTransaction? Shared { get; private init; }

    /// <summary>The write brought fields that the class did not have, when it was planned first: a batch makes them before its transaction.</summary>
    public bool AddsFields { get; set; }

    /// <summary>A web hook was, or is about to be, told of it: it must not run a second time.</summary>
    public bool IsTold { get; set; }

    /// <summary>What has to happen in the transaction of what it writes; null: nothing.</summary>
    public IWriteGuard? Guard { get; set; }

    /// <summary>The session token as it came, checked or not.</summary>
    public string? SessionToken => Credentials.SessionToken;

    /// <summary>The installation that sent it, or null.</summary>
    public string? InstallationId => Credentials.InstallationId;

    /// <summary>The SDK and its version (<c>js5.3.0</c>), or null.</summary>
    public string? ClientVersion => Credentials.ClientVersion;

    /// <summary>Whether the master key (read-only or not) was accepted.</summary>
    public bool IsMaster => Caller.IsAdministrator;

    /// <summary>Ends with the client's connection.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>A parameter of the route's pattern.</summary>
    public string this[string parameter] => Route.IndexOf(parameter) is var i && Route.TakesRest && i == Route.Length - 1
        ? string.Join('/', Segments[i..])
        : Segments[i];

    /// <summary>Names and texts of the query string.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Query => _query ??= Parameter.ReadQuery(QueryString);

    /// <summary>The text of a parameter of the query string; of several the last; null when absent.</summary>
    public string? QueryText(string name)
    {
        for (var i = Query.Count - 1; i >= 0; i--)
        {
            if (Query[i].Key == name)
                return Query[i].Value;
        }

        return null;
    }

    /// <summary>What a read was asked: the body's properties and the query string's, which win.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters ??= ReadParameters();

    /// <summary>Refuses everybody without the master key.</summary>
    public void RequireMaster()
    {
        if (!IsMaster)
            throw ParseError.MasterKeyRequired();
    }

    /// <summary>An item of this batch.</summary>
    public ParseRequest MakeItem(string method, string[] segments, string queryString, RequestBody body, RowTransaction? transaction = null, ISharedTransaction? shared = null) => new()
    {
        Http = Http,
        Method = method,
        Mount = Mount,
        Segments = segments,
        QueryString = queryString,
        Body = body,
        Credentials = Credentials,
        Caller = Caller,
        IsMaintenance = IsMaintenance,
        IsInBatch = true,
        Transaction = transaction,
        Shared = shared,
    };

    private List<Parameter> ReadParameters()
    {
        var read = new KeyedList<Parameter>();
        if (Body.IsObject && Body.Json.Length > 2)
        {
            foreach (var property in Body.Properties())
                read.Put(property.Name, new Parameter(property.Name, property.Value));
        }

        var hasBrackets = false;
        foreach (var (name, text) in Query)
        {
            if (BracketedNames.Has(name))
                hasBrackets = true;
            else
                read.Put(name, new Parameter(name, IsRepeated(name) ? Parameter.Array(Query.Where(q => q.Key == name).Select(q => q.Value)) : Parameter.Parse(text)));
        }

        if (hasBrackets)
        {
            foreach (var (name, value) in BracketedNames.Read(Query))
                read.Put(name, new Parameter(name, value));
        }

        return read.Values;

        bool IsRepeated(string name)
        {
            var times = 0;
            foreach (var (other, _) in Query)
                times += other == name ? 1 : 0;
            return times > 1;
        }
    }
}

/// <summary>What a request shows of itself (contract 2.1), from headers, Basic auth and the body's own keys.</summary>
internal sealed class Credentials
{
    public string? ApplicationId { get; set; }

    public string? ClientKey { get; set; }

    public string? JavaScriptKey { get; set; }

    public string? DotNetKey { get; set; }

    public string? RestApiKey { get; set; }

    public string? MasterKey { get; set; }

    public string? MaintenanceKey { get; set; }

    public string? SessionToken { get; set; }

    public string? InstallationId { get; set; }

    public string? ClientVersion { get; set; }

    /// <summary>The cloud code context: an object, or null.</summary>
    public JsonElement? Context { get; set; }
}
