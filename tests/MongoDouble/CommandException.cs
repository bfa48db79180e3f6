namespace Backend.MongoDouble;

/// <summary>A command's answer is an error, with MongoDB's own number for it.</summary>
internal sealed class CommandException(int code, string codeName, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string CodeName { get; } = codeName;

    public string[] Labels { get; init; } = [];
}
