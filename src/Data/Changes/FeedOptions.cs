using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Changes;

/// <summary>Settings of section <c>Changes</c>.</summary>
public sealed class FeedOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Changes";

    /// <summary>
    /// How long a change is kept at least; a purge takes half a day's changes at once. 1 hour to 7 days, 2 days unless set. A reader that stays away for longer must start again.
    /// </summary>
    [Range(typeof(TimeSpan), "01:00:00", "7.00:00:00", ErrorMessage = "Changes:Retention must be between 1 hour and 7 days.")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(2);
}
