using System.Buffers;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>How the dialect writes pointers and dates inside arrays and objects (contract 5.1).</summary>
internal sealed class WireForms : NestedForms
{
    private static readonly NestedForm Date = new("""{"__type":"Date"}"""u8.ToArray(), "iso");

    private WireForms()
    {
    }

    public static WireForms Instance { get; } = new();

    public override NestedForm Timestamp => Date;

    public override NestedForm Reference(string target)
    {
        var output = new ArrayBufferWriter<byte>(64);
        output.Write("""{"__type":"Pointer","className":"""u8);
        NestedJson.WriteString(output, target);
        output.Write("}"u8);
        return new NestedForm(output.WrittenSpan.ToArray(), "objectId");
    }
}
