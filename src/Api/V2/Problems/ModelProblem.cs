using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace Backend.Api.V2.Problems;

/// <summary>The problem of a body that could not be bound to a controller's parameter.</summary>
internal static class ModelProblem
{
    public static Problem Of(ModelStateDictionary state)
    {
        var first = state.FirstOrDefault(entry => entry.Value?.Errors.Count > 0);
        var message = first.Value?.Errors[0].ErrorMessage;
        return new Problem(400, ProblemCodes.Body, string.IsNullOrEmpty(message) ? "The request cannot be read." : message,
            string.IsNullOrEmpty(first.Key) ? null : $"At: {first.Key}");
    }
}
