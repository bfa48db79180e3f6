using Backend.Data.Access;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>
/// What a caller may do with classes at all, whatever their permissions and the request's body say (contract sections 2.5, 4, 9.10). Asked by the
/// class routes, and wherever a class comes from inside a query (sub-query, redirect, include), where no class's own handler is in the way.
/// </summary>
internal static class ClassAccess
{
    /// <summary>Refuses an operation that only the master key has on this class, and every write of who may only read.</summary>
    /// <param name="className">The class.</param>
    /// <param name="operation">What the caller wants to do.</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="ParseError">119.</exception>
    public static void Require(string className, Operation operation, Caller caller)
    {
        if (caller.IsAdministrator)
        {
            if (caller.IsReadOnly && operation is Operation.Create or Operation.Update or Operation.Delete)
                throw new ParseError(ErrorCode.OperationForbidden, $"read-only masterKey isn't allowed to perform the {ErrorMapping.NameOf(operation)} operation.");
            return;
        }

        if (className == ClassName.Installation && operation is Operation.Find or Operation.Delete)
            throw new ParseError(ErrorCode.OperationForbidden, $"Clients aren't allowed to perform the {ErrorMapping.NameOf(operation)} operation on the installation collection.");
        if (ClassName.IsMasterOnly(className))
            throw new ParseError(ErrorCode.OperationForbidden, $"Clients aren't allowed to perform the {ErrorMapping.NameOf(operation)} operation on the {className} collection.");
    }

    /// <summary>Refuses a find of a class that only the master key finds.</summary>
    /// <exception cref="ParseError">119.</exception>
    public static void RequireFind(string className, Caller caller) => Require(className, Operation.Find, caller);

    /// <summary>Refuses to bring rows of a class along that only the master key reads.</summary>
    /// <exception cref="ParseError">119.</exception>
    public static void RequireInclude(string className, Caller caller) => Require(className, Operation.Get, caller);
}
