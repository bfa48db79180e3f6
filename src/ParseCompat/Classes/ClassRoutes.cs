using System.Collections.Frozen;
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
            routes.Map("POST", path, r => handler.CreateAsync(r, name));
        routes.Map("GET", path, r => handler.FindAsync(r, name));
        routes.Map("GET", path + "/:objectId", r => handler.GetAsync(r, name, r["objectId"]));
        routes.Map("PUT", path + "/:objectId", r => handler.UpdateAsync(r, name, r["objectId"]));
        routes.Map("DELETE", path + "/:objectId", r => handler.DeleteAsync(r, name, r["objectId"]));
    }

    private ClassHandler Handler(ParseRequest request, string operation, out string className)
    {
        className = request["className"];
        if (className.Length > 0 && className[0] == '_')
        {
            if (!request.IsMaster && ClassName.IsMasterOnly(className))
            {
                throw new ParseError(ErrorCode.OperationForbidden,
                    $"Clients aren't allowed to perform the {operation} operation on the {className} collection.");
            }

            if (_handlers.TryGetValue(className, out var handler))
                return handler;
        }

        return _general;
    }
}
