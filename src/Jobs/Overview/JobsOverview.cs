namespace Backend.Jobs.Overview;

internal sealed class JobsOverview
{
}
