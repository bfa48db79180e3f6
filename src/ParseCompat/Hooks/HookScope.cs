using System.Collections.Concurrent;
using Backend.Data.Rows;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Hooks;

/// <summary>
/// The request on whose way rows are read or written below the dialects (<see cref="HookInterceptor"/>). Only entered when some class has a
/// trigger, and left with the asynchronous method that entered it.
/// </summary>
internal sealed class HookScope
{
    private static readonly AsyncLocal<HookScope?> Ambient = new();

    private HookScope(HttpContext http, ParseRequest? request)
    {
        Http = http;
        Request = request;
    }

    /// <summary>The scope that the caller is in; null: nobody asked for triggers, as for what the program reads for itself.</summary>
    public static HookScope? Current => Ambient.Value;

    /// <summary>The HTTP request.</summary>
    public HttpContext Http { get; }

    /// <summary>The request of this dialect; null for one of another.</summary>
    public ParseRequest? Request { get; }

    /// <summary>The facts, once they were needed.</summary>
    public CallFacts? Facts { get; set; }

    /// <summary>Saves of another dialect between their two triggers.</summary>
    public ConcurrentDictionary<SaveContext, HookedSave> Saves { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Enters a request of this dialect.</summary>
    public static void Enter(ParseRequest request) => Ambient.Value = new HookScope(request.Http, request);

    /// <summary>Enters a request of another dialect.</summary>
    public static void Enter(HttpContext http) => Ambient.Value = new HookScope(http, null);
}
