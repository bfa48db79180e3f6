namespace Backend.MongoImport.Json;

/// <summary>The text is not JSON (nor Extended JSON). <see cref="Offset"/> counts bytes from where the text began.</summary>
internal sealed class JsonSyntaxException(string message, int offset) : Exception(message)
{
    public int Offset { get; } = offset;
}
