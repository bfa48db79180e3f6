using Backend.Data.Access;

namespace Backend.Api.V2.Callers;

/// <summary>On whose behalf a request is made.</summary>
internal static class CallerFeature
{
    private static readonly object Key = new();

    public static Caller Caller(this HttpContext context) => context.Items.TryGetValue(Key, out var caller) ? (Caller)caller! : Data.Access.Caller.Anonymous;

    public static void SetCaller(this HttpContext context, Caller caller) => context.Items[Key] = caller;
}
