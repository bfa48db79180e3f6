using System.Globalization;

namespace Backend.Testing;

/// <summary>
/// Where made-up input begins: the same in every run, so that a build tells what its change did. <c>TEST_SEED</c> sets another, <c>TEST_SEED=random</c> a new one.
/// </summary>
public static class Seed
{
    public static int Value { get; } = Environment.GetEnvironmentVariable("TEST_SEED") switch
    {
        null or "" => 20_261_122,
        "random" => Environment.TickCount & 0xffffff,
        var text => int.Parse(text, CultureInfo.InvariantCulture),
    };
}
