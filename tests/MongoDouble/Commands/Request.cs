using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Wire;

namespace Backend.MongoDouble.Commands;

/// <summary>One command of one connection.</summary>
internal sealed record Request(Message Message, Session Session, CancellationToken Stop)
{
    public MongoDoc Command => Message.Command;

    public string Name => Command.First;

    public string Database => Command.Text("$db") ?? "admin";

    /// <summary>The collection, which is the value of the command's first element.</summary>
    public string Collection => Command.Text(Name) ?? throw new CommandException(73, "InvalidNamespace", "collection name has invalid type");

    /// <summary>Documents that came as a sequence of their own, or as an array in the command.</summary>
    public IReadOnlyList<byte[]> Documents(string name) => Message.Sequences.TryGetValue(name, out var sequence)
        ? sequence
        : [.. Command.List(name).Select(d => d is RawValue raw ? raw.Bytes.ToArray() : throw new CommandException(14, "TypeMismatch", $"{name} holds no documents"))];
}

/// <summary>What a connection remembers.</summary>
internal sealed class Session(Func<bool> isGone)
{
    /// <summary>Whether the client has hung up.</summary>
    public bool IsGone => isGone();

    public bool Authenticated { get; set; }

    public Scram? Scram { get; set; }
}
