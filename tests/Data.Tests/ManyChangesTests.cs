using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Data.Tests;

/// <summary>A row of two hundred thousand fields without a column is printed in a blink: whatever looks for a field among all the others takes minutes.</summary>
internal sealed class ManyChangesTests
{
    private const int Many = 200_000;

    private static readonly Change[] Changes = [.. Enumerable.Range(0, Many).Select(i => new Change.Set(Field.WithoutType($"f{i}"), i % 2 == 0 ? Value.Null : Value.Of(i)))];

    [Test]
    [MaxTime(15_000)]
    public void An_insert_of_very_many_fields_is_printed_quickly()
    {
        Assert.That(new ChangeCompiler(new Statement(), Changes, isInsert: true).Rest, Is.EqualTo("$1"));
    }

    [Test]
    [MaxTime(15_000)]
    public void A_list_of_rows_of_very_many_fields_is_made_quickly()
    {
        var list = new InsertList();
        list.Add("a", [.. Changes, .. Changes], new RowAcl(["*"], []));

        Assert.That(list.Count, Is.EqualTo(1));
    }
}
