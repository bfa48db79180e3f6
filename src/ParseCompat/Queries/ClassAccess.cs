using Backend.Data.Access;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>
/// Which system classes a client may find at all, whatever their permissions say (contract sections 4, 9.10). Asked wherever a class comes
/// from inside a query (sub-query, redirect, include), where no class's own handler is in the way.
/// </summary>
internal static class ClassAccess
{
    /// <summary>Refuses a find of a class that only the master key finds.</summary>
    /// <exception cref="ParseError">119.</exception>
    public static void RequireFind(string className, Caller caller)
    {
        if (caller.IsAdministrator)
            return;
        if (className == ClassName.Installation)
            throw new ParseError(ErrorCode.OperationForbidden, "Clients aren't allowed to perform the find operation on the installation collection.");
        if (ClassName.IsMasterOnly(className))
            throw new ParseError(ErrorCode.OperationForbidden, $"Clients aren't allowed to perform the find operation on the {className} collection.");
    }

    /// <summary>Whether a row of the class may come along with a row that points to it.</summary>
    public static bool MayInclude(string className, Caller caller) => caller.IsAdministrator || !ClassName.IsMasterOnly(className);
}
