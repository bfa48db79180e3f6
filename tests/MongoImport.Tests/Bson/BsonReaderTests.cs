using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Bson;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class BsonReaderTests
{
    [Test]
    public void Every_type_of_the_specification_is_read()
    {
        var shown = Documents("all_types.bson").Select(d => Given.Show(d)).ToList();
        Assert.That(shown, Has.Count.EqualTo(20));
        var all = string.Join('\n', shown);
        foreach (var type in new[]
        {
            "Double ", "Text '", "array {", "Binary ", "Undefined", "ObjectId ", "true", "Date ", "Null", "Regex /", "DbPointer ", "Code '",
            "Timestamp ", "Int64 ", "MinKey", "MaxKey",
        })
        {
            Assert.That(all, Does.Contain(type));
        }
    }

    [Test]
    public void Values_agree_with_what_bsondump_printed()
    {
        Assert.That(Documents("sample.bson").Select(d => Given.Show(d)), Is.EqualTo(new[]
        {
            "{_id: ObjectId 546651e74bf6e4cb017c5312, a: Double 1, b: Text 'I am a string', c: Timestamp (1415991783, 1), d: Binary 0 544553542054335354}",
            "{_id: ObjectId 546651f74bf6e4cb017c5313, a: Double 2.5, b: Text 'I am a string', c: Timestamp (1415991799, 1), d: Binary 0 544553542054335343}",
            "{_id: ObjectId 546652084bf6e4cb017c5314, a: Double 4, b: Text 'string2'}",
            "{_id: ObjectId 546652254bf6e4cb017c5315, a: Double 4.01, b: Text 'string3', c: {key: Text 'value'}}",
        }));
    }

    [Test]
    public void Five_hundred_levels_are_read()
    {
        var levels = 0;
        var document = Documents("deep_nested.bson").Single();
        for (ReadOnlySpan<byte> inner = document; ; levels++)
        {
            var reader = new BsonReader(inner);
            var found = false;
            while (reader.Read())
            {
                if (reader.Type is BsonType.Document or BsonType.Array)
                {
                    inner = reader.Value.Raw;
                    found = true;
                    break;
                }
            }
            if (!found)
            {
                break;
            }
        }
        Assert.That(levels, Is.GreaterThanOrEqualTo(499));
    }

    [Test]
    public void Whatever_byte_is_damaged_it_ends_in_an_exception_or_another_value_never_outside_the_document()
    {
        var document = Documents("all_in_one_doc.bson").Single();
        var broken = 0;
        for (var at = 0; at < document.Length; at++)
        {
            foreach (var value in new byte[] { 0, 1, 0x7F, 0x80, 0xFF })
            {
                var damaged = document.ToArray();
                damaged[at] = value;
                try
                {
                    Given.Show(damaged);
                }
                catch (BsonFormatException e)
                {
                    Assert.That(e.Offset, Is.InRange(0, document.Length));
                    broken++;
                }
            }
        }
        Assert.That(broken, Is.GreaterThan(100));
    }

    [Test]
    public void Whatever_is_cut_off_it_ends_in_an_exception()
    {
        var document = Documents("all_in_one_doc.bson").Single();
        for (var length = 0; length < document.Length; length++)
        {
            var cut = document[..length];
            Assert.That(() => Given.Show(cut), Throws.TypeOf<BsonFormatException>(), $"cut after {length} bytes");
        }
    }

    [TestCase("0", "0")]
    [TestCase("-0", "-0")]
    [TestCase("12.5", "12.5")]
    [TestCase("0.001", "0.001")]
    [TestCase("1E+6144", "1.000000000000000000000000000000000E+6144")]
    [TestCase("1E+3", "1E+3")]
    [TestCase("1E-6176", "1E-6176")]
    [TestCase("9999999999999999999999999999999999", "9999999999999999999999999999999999")]
    [TestCase("-1.000000000000000000000000000000000E+6144", "-1.000000000000000000000000000000000E+6144")]
    [TestCase("NaN", "NaN")]
    [TestCase("-Infinity", "-Infinity")]
    public void A_decimal_keeps_its_digits(string text, string shown)
    {
        Assert.That(Decimal128.TryParse(text, out var value), Is.True);
        Assert.That(value.ToString(), Is.EqualTo(shown));
    }

    private static List<byte[]> Documents(string name)
    {
        using var reader = new BsonBlockReader(new StreamInput(File.OpenRead(Given.File("mongo-tools", name)), name));
        return Given.Read(reader);
    }
}
