using System.Text.RegularExpressions;

namespace Backend.ParseCompat.Limits;

/// <summary>Regular expressions of settings. One that backtracks without end is stopped, and then does not match.</summary>
internal static class Patterns
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    public static bool IsValid(string pattern)
    {
        try
        {
            _ = Compile(pattern);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    public static Regex Compile(string pattern, RegexOptions more = RegexOptions.None) => new(pattern, RegexOptions.CultureInvariant | more, Patience);

    public static bool Matches(Regex pattern, string text)
    {
        try
        {
            return pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
