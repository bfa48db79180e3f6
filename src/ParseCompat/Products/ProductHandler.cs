using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Products;

/// <summary>The class <c>_Product</c>: what an app sells. The name of its download is kept beside the file.</summary>
internal sealed class ProductHandler(ClassServices services) : ClassHandler(services)
{
    /// <inheritdoc/>
    public override string ClassName => Wire.ClassName.Product;

    /// <inheritdoc/>
    protected override ValueTask BeforeWriteAsync(WriteDraft draft)
    {
        if (draft.Body.Find("download") is { Action: DraftAction.Set, Value.Kind: ValueKind.File } download)
            draft.Body.Set("downloadName", new TypedValue(Value.Of(download.Value.AsText), FieldKind.Text));
        return default;
    }
}
