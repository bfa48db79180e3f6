namespace Backend.ParseCompat.Wire;

/// <summary>
/// Refuses requests before anything is done for them: called when the keys are checked and before the session is looked up, also for paths without a
/// route, and again for each item of a batch before the first one runs.
/// </summary>
internal interface IRequestGate
{
    /// <summary>Whether it can refuse anything with the present settings; asked once.</summary>
    bool IsOn { get; }

    /// <summary>Lets the request through, or throws.</summary>
    /// <exception cref="ParseError">It is refused.</exception>
    ValueTask AdmitAsync(ParseRequest request);
}

/// <summary>Runs requests whose route is found and whose caller is known; not the items of a batch.</summary>
internal interface IRequestRunner
{
    /// <summary>Whether it does anything with the present settings; asked once.</summary>
    bool IsOn { get; }

    /// <summary>Answers a request with its handler, or without it.</summary>
    ValueTask<ParseResponse> RunAsync(ParseRequest request, RouteHandler handler);
}
