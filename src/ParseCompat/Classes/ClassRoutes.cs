using System.Collections.Frozen;
using Backend.Data.Access;
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
        routes.Map("POST", "/classes/:className", r => Handler(r, Operation.Create, out var name).CreateAsync(r, name));
        routes.Map("GET", "/classes/:className", r => Handler(r, Operation.Find, out var name).FindAsync(r, name));
        routes.Map("GET", "/classes/:className/:objectId", r => Handler(r, Operation.Get, out var name).GetAsync(r, name, r["objectId"]));
        routes.Map("PUT", "/classes/:className/:objectId", r => Handler(r, Operation.Update, out var name).UpdateAsync(r, name, r["objectId"]));
        routes.Map("DELETE", "/classes/:className/:objectId", r => Handler(r, Operation.Delete, out var name).DeleteAsync(r, name, r["objectId"]));
    }

    /// <summary>Adds the five routes of a class under a path of its own (<c>/users</c>), served by the same handler.</summary>
    public static void AddClass(RouteList routes, string path, ClassHandler handler, bool create = true)
    {
        var name = handler.ClassName!;
        if (create)
            routes.Map("POST", path, r => Open(r, Operation.Create, name).CreateAsync(r, name));
        routes.Map("GET", path, r => Open(r, Operation.Find, name).FindAsync(r, name));
        routes.Map("GET", path + "/:objectId", r => Open(r, Operation.Get, name).GetAsync(r, name, r["objectId"]));
        routes.Map("PUT", path + "/:objectId", r => Open(r, Operation.Update, name).UpdateAsync(r, name, r["objectId"]));
        routes.Map("DELETE", path + "/:objectId", r => Open(r, Operation.Delete, name).DeleteAsync(r, name, r["objectId"]));

        ClassHandler Open(ParseRequest request, Operation operation, string className)
        {
            ClassAccess.Require(className, operation, request.Caller);
            return handler;
        }
    }

    private ClassHandler Handler(ParseRequest request, Operation operation, out string className)
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
