using System.Collections.Frozen;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <summary>The routes <c>/classes/:className</c>: each class by its own handler, or the general one.</summary>
internal sealed class ClassRoutes : IRouteSource
{
    private readonly FrozenDictionary<string, ClassHandler> _handlers;
    private readonly ClassHandler _general;

    public ClassRoutes(ClassServices services, IEnumerable<ClassHandler> handlers)
    {
        _general = new ClassHandler(services);
        _handlers = handlers.ToFrozenDictionary(h => h.ClassName!, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("POST", "/classes/:className", r => Handler(r, "create", out var name).CreateAsync(r, name));
        routes.Map("GET", "/classes/:className", r => Handler(r, "find", out var name).FindAsync(r, name));
        routes.Map("GET", "/classes/:className/:objectId", r => Handler(r, "get", out var name).GetAsync(r, name, r["objectId"]));
        routes.Map("PUT", "/classes/:className/:objectId", r => Handler(r, "update", out var name).UpdateAsync(r, name, r["objectId"]));
        routes.Map("DELETE", "/classes/:className/:objectId", r => Handler(r, "delete", out var name).DeleteAsync(r, name, r["objectId"]));
    }

    /// <summary>Adds the five routes of a class under a path of its own (<c>/users</c>), served by the same handler.</summary>
    public static void AddClass(RouteList routes, string path, ClassHandler handler, bool create = true)
    {
        var name = handler.ClassName!;
        if (create)
            routes.Map("POST", path, r => Open(r, "create", name).CreateAsync(r, name));
        routes.Map("GET", path, r => Open(r, "find", name).FindAsync(r, name));
        routes.Map("GET", path + "/:objectId", r => Open(r, "get", name).GetAsync(r, name, r["objectId"]));
        routes.Map("PUT", path + "/:objectId", r => Open(r, "update", name).UpdateAsync(r, name, r["objectId"]));
        routes.Map("DELETE", path + "/:objectId", r => Open(r, "delete", name).DeleteAsync(r, name, r["objectId"]));

        ClassHandler Open(ParseRequest request, string operation, string className)
        {
            ClassAccess.Require(className, operation, request.Caller);
            return handler;
        }
    }

    private ClassHandler Handler(ParseRequest request, string operation, out string className)
    {
        className = request["className"];
        ClassAccess.Require(className, operation, request.Caller);
        if (className.Length > 0 && className[0] == '_')
        {
            if (_handlers.TryGetValue(className, out var handler))
                return handler;
        }

        return _general;
    }
}
