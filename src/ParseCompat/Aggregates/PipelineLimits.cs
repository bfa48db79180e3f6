using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Counts what a pipeline consists of while it is read, so that none is too much for one statement.</summary>
internal sealed class PipelineLimits(AggregateOptions options)
{
    private int _stages;
    private int _nodes;

    /// <summary>One more stage, also of an inner pipeline.</summary>
    /// <exception cref="ParseError">102: too many.</exception>
    public void CountStage()
    {
        if (++_stages > options.MaxStages)
            throw new ParseError(ErrorCode.InvalidQuery, $"Pipeline length must be no longer than {options.MaxStages} stages.");
    }

    /// <summary>One more operator, condition or constant at a depth.</summary>
    /// <exception cref="ParseError">102: too many, or too deep.</exception>
    public void CountNode(int depth)
    {
        if (depth > options.MaxDepth)
            throw new ParseError(ErrorCode.InvalidQuery, $"Pipeline nesting depth exceeds maximum allowed depth of {options.MaxDepth}");
        if (++_nodes > options.MaxNodes)
            throw new ParseError(ErrorCode.InvalidQuery, $"Pipeline has more than {options.MaxNodes} expressions and conditions.");
    }
}
