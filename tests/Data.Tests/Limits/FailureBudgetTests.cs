using Backend.Data.Limits;

namespace Backend.Data.Tests.Limits;

[Parallelizable(ParallelScope.All)]
internal sealed class FailureBudgetTests
{
    [Test]
    public void Each_spell_writes_its_first_failures_and_says_how_many_it_left_out()
    {
        var clock = new HandClock();
        var budget = new FailureBudget(clock);

        Assert.That(Enumerable.Range(0, 1000).Count(_ => budget.TryTake(out var none) && none == 0), Is.EqualTo(FailureBudget.PerSpell));
        clock.Ticks += FailureBudget.Spell.Ticks;
        Assert.That(budget.TryTake(out var leftOut), Is.True);
        Assert.That(leftOut, Is.EqualTo(1000 - FailureBudget.PerSpell));
        Assert.That(budget.TryTake(out leftOut), Is.True);
        Assert.That(leftOut, Is.Zero, "said once");
    }

    private sealed class HandClock : TimeProvider
    {
        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
