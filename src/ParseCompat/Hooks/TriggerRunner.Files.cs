using System.Text.Json;
using Backend.Data;
using Backend.Data.Files;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>What a trigger of files is told.</summary>
/// <param name="Name">The file's name: before it is stored the one that the client gave.</param>
/// <param name="Url">Its address; null before it is stored.</param>
/// <param name="Size">The length of the request that brings it, in bytes, when that is known.</param>
/// <param name="Details">Metadata and tags; null in a delete.</param>
/// <param name="Code">The code of a refusal.</param>
internal sealed record FileNotice(string Name, string? Url, long? Size, FileDetails? Details, int Code);

/// <content>Triggers of files: over the web they may refuse, not change a file.</content>
internal sealed partial class TriggerRunner
{
    private const string FileClass = "@File";

    /// <summary>Calls a trigger of files, if there is one.</summary>
    /// <exception cref="ParseError">It says no.</exception>
    public async ValueTask FileAsync(string trigger, FileNotice file, ParseRequest request)
    {
        if (Find(FileClass, trigger) is not { } hook)
            return;
        var call = await facts.OfAsync(request);
        try
        {
            await client.CallAsync(hook, writer => Write(writer, hook, file, call), trigger is Triggers.BeforeSave or Triggers.BeforeDelete ? request.Aborted : CancellationToken.None);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.Rejected)
        {
            throw new ParseError(refusal.Code ?? file.Code, refusal.Message) { ErrorJson = refusal.Detail };
        }
    }

    private static void Write(Utf8JsonWriter writer, Hook hook, FileNotice file, CallFacts call)
    {
        writer.WriteStartObject("file"u8);
        writer.WriteString("__type"u8, "File"u8);
        writer.WritePropertyName("name"u8);
        JsonText.Write(writer, file.Name);
        if (file.Url is not null)
            writer.WriteString("url"u8, file.Url);
        Write(writer, "metadata", file.Details?.Metadata);
        Write(writer, "tags", file.Details?.Tags);
        writer.WriteEndObject();
        if (file.Size is { } size)
            writer.WriteNumber("fileSize"u8, size);
        else
            writer.WriteNull("fileSize"u8);
        writer.WriteString("triggerName"u8, hook.TriggerName);
        call.Write(writer);
    }

    private static void Write(Utf8JsonWriter writer, string name, JsonElement? json)
    {
        if (json is not { } value)
            return;
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }
}
