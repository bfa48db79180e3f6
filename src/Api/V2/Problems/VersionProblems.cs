using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Versioning;

namespace Backend.Api.V2.Problems;

/// <summary>What the versioning package refuses (no such version, none given), in the body that all other problems have.</summary>
internal sealed class VersionProblems : ProblemDetailsErrorResponseProvider
{
    public override IActionResult CreateResponse(ErrorResponseContext context) => new Result(context);

    private sealed class Result(ErrorResponseContext refused) : IActionResult
    {
        public Task ExecuteResultAsync(ActionContext context) => ProblemWriter.WriteAsync(
            context.HttpContext, new Problem(refused.StatusCode, ProblemCodes.Version, refused.Message, refused.MessageDetail));
    }
}
