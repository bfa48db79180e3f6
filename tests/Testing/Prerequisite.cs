using NUnit.Framework;

namespace Backend.Testing;

/// <summary>Something of the machine that a test needs.</summary>
public static class Prerequisite
{
    public static bool IsContinuousIntegration { get; } = Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Skips the test with the reason; where the CI runs, fails it.</summary>
    public static void Missing(string reason)
    {
        if (IsContinuousIntegration)
            Assert.Fail(reason);
        else
            Assert.Ignore(reason);
    }
}
