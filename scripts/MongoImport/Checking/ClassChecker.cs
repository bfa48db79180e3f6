using System.Globalization;
using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Checking;

/// <summary>Reads a class's documents as an import would and makes its rows, which go nowhere: so the report says what the import does.</summary>
internal sealed class ClassChecker(ClassCheck check, ClassKeys keys, Progress progress, DateTimeOffset now)
{
    private const int MostUndecodable = 5;

    private readonly ClassPlan _plan = check.Plan;
    private readonly Buffer _row = new(64 * 1024);
    private readonly Dictionary<string, FieldKind> _kinds = check.Table.Fields.ToDictionary(f => f.Name, f => f.Kind, StringComparer.Ordinal);
    private readonly List<(TypesMet Types, string Key, string Field, FieldKind? Kind)> _fields = [];

    /// <summary>Reads everything.</summary>
    /// <exception cref="SourceDamagedException">The source is damaged.</exception>
    public void Run(CancellationToken stop)
    {
        if (_plan.Collection is { } collection)
        {
            Documents(collection, stop);
        }
        foreach (var join in _plan.Joins)
        {
            Join(join, stop);
        }
        keys.Complete();
    }

    private void Documents(SourceCollection collection, CancellationToken stop)
    {
        var names = new FieldNames();
        var identities = _plan.IsUsers ? new IdentityEncoder(false) { Rows = new Buffer(1024) } : null;
        var encoder = new RowEncoder(_plan, names, _plan.ColumnsOf(check.Table.Fields), false, identities);
        // Where nobody gave it a column because no value said anything, a null is just that.
        encoder.Rest.Observer = (key, value, reason) => InRest(key, value.Type == BsonType.Null && reason == Reason.NoColumn ? Reason.Null : reason).Add(encoder.Id);
        Read(collection, stop, (document, number) =>
        {
            var (legacy, timeless) = (encoder.LegacyRights, encoder.WithoutTimes);
            encoder.Encode(document, number, _row);
            check.Documents++;
            check.RowBytes += _row.Length + (identities?.Rows.Length ?? 0);
            _row.Clear();
            identities?.Rows.Clear();
            if (encoder.LegacyRights > legacy)
            {
                check.LegacyRights.Add(encoder.Id);
            }
            if (encoder.WithoutTimes > timeless)
            {
                check.WithoutTimes.Add(encoder.Id);
            }
            keys.Ids.Add(Key.Of(encoder.Id, number));
            Look(document, number, names, encoder.Id);
        }, rejection =>
        {
            check.Documents++;
            Undecodable(rejection);
        });
        check.DuplicateKeys = encoder.DuplicateKeys;
    }

    private Tally InRest(string key, Reason reason)
    {
        var counted = check.InRest.Count < FieldNames.Most || check.InRest.ContainsKey((key, reason)) ? key : "(other keys)";
        if (!check.InRest.TryGetValue((counted, reason), out var tally))
        {
            check.InRest.Add((counted, reason), tally = new Tally());
        }
        return tally;
    }

    private void Look(ReadOnlySpan<byte> document, long number, FieldNames names, ReadOnlySpan<byte> id)
    {
        var reader = new BsonReader(document);
        var previous = -1;
        bool user = false, token = false;
        while (reader.Read())
        {
            previous = names.Find(reader.Name, previous);
            if (previous < 0)
            {
                continue;
            }
            while (previous >= _fields.Count)
            {
                _fields.Add(NewField(Encoding.UTF8.GetString(names[_fields.Count])));
            }
            var (types, key, field, kind) = _fields[previous];
            var value = reader.Value;
            types.Add(value, key.Length != field.Length, id);
            if (kind is FieldKind.Reference || key.Length != field.Length)
            {
                Reference(field, value, number);
            }
            else if (kind is FieldKind.File && value.Type == BsonType.Text)
            {
                if (!value.Text.IsEmpty)
                {
                    keys.Files.Add(Key.Of(value.Text, number));
                }
            }
            else
            {
                keys.AddNested(kind is FieldKind.File ? field : field + " (inside)", value, number);
            }
            if (_plan.IsAccounts)
            {
                Account(key, value, number, id, ref user, ref token);
            }
        }
        if (_plan.IsSessions && !user)
        {
            check.WithoutUser.Add(id);
        }
        if (_plan.IsSessions && !token)
        {
            check.WithoutToken.Add(id);
        }
    }

    private (TypesMet, string, string, FieldKind?) NewField(string key)
    {
        var types = check.Types[key] = new TypesMet();
        var field = key.StartsWith("_p_", StringComparison.Ordinal) ? key[3..] : key;
        return (types, key, field, _kinds.TryGetValue(field, out var kind) ? kind : null);
    }

    private void Reference(string field, BsonValue value, long number)
    {
        if (value.Type == BsonType.Text && value.Text.IndexOf((byte)'$') is > 0 and var dollar && dollar < value.Text.Length - 1)
        {
            keys.AddReference(field, value.Text[..dollar], value.Text[(dollar + 1)..], number);
            return;
        }
        keys.AddNested(field, value, number);
    }

    // What only one row may have, and what a session needs.
    private void Account(string key, BsonValue value, long number, ReadOnlySpan<byte> id, ref bool user, ref bool token)
    {
        switch (_plan.Name, key)
        {
            case ("_User", "username") or ("_User", "email") when value.Type == BsonType.Text:
                keys.AddUnique(key, Key.Of(value.Text, number));
                keys.AddUnique(key + CaseVariants, Key.Of(Lower(value.Text), number));
                break;
            case ("_User", "_session_token") when value.Type == BsonType.Text:
                keys.AddUnique("legacy session token", Key.Of(value.Text, number));
                break;
            case ("_User", "_hashed_password" or "bcryptPassword") when value.Type == BsonType.Text && !IsBcrypt(value.Text):
                check.OddHashes.Add(id);
                break;
            case ("_User", "authData") when _plan.IsExport && value.Type == BsonType.Document:
                var providers = new BsonReader(value.Raw);
                while (providers.Read())
                {
                    Identity(providers.Name, providers.Value, number);
                }
                break;
            case ("_Role", "name") when value.Type == BsonType.Text:
                keys.AddUnique("name", Key.Of(value.Text, number));
                break;
            case ("_Session", "_session_token" or "sessionToken") when value.Type == BsonType.Text && !value.Text.IsEmpty:
                token = true;
                keys.AddUnique("session token", Key.Of(value.Text, number));
                break;
            case ("_Session", "_p_user" or "user"):
                user |= value.Type is BsonType.Text or BsonType.Document;
                break;
            case ("_Session", "expiresAt" or "_expiresAt") when value.Type == BsonType.Date && value.Milliseconds < now.ToUnixTimeMilliseconds():
                check.Expired.Add(id);
                break;
            case ("_User", _) when key.StartsWith("_auth_data_", StringComparison.Ordinal):
                Identity(Encoding.UTF8.GetBytes(key)[11..], value, number);
                break;
            default:
                break;
        }
    }

    /// <summary>Marks the values of a unique field with their case taken away.</summary>
    public const string CaseVariants = " by case";

    private static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> text) => Encoding.UTF8.GetBytes(BsonText.Decode(text).ToLowerInvariant());

    private static bool IsBcrypt(ReadOnlySpan<byte> hash) => hash.Length == 60 && hash is [(byte)'$', (byte)'2', (byte)'a' or (byte)'b' or (byte)'y' or (byte)'x', (byte)'$', ..];

    private void Identity(ReadOnlySpan<byte> provider, BsonValue value, long number)
    {
        if (value.Type != BsonType.Document || !value.TryFind("id"u8, out var subject))
        {
            return;
        }
        if (subject.Type == BsonType.Text)
        {
            keys.AddUnique("identity", Key.Of(provider, subject.Text, number));
        }
        else if (subject.IsNumber && Numbers.TryExact(subject, out var exact))
        {
            keys.AddUnique("identity", Key.Of(provider, Encoding.ASCII.GetBytes(exact.ToString("R", CultureInfo.InvariantCulture)), number));
        }
    }

    private void Join(JoinPlan join, CancellationToken stop)
    {
        var counts = check.Joins[join.Field] = new JoinCheck();
        var (owning, related, pairs) = keys.Join(join.Field);
        Read(join.Collection, stop, (document, number) =>
        {
            if (!JoinEncoder.TryEncode(document, number, _row))
            {
                counts.Rows++;
                counts.Incomplete++;
                return;
            }
            counts.Rows++;
            counts.Bytes += _row.Length;
            // The row as it was written: number of columns, then each with its length in front.
            var row = _row.Written[2..];
            var first = Sized(ref row);
            var second = Sized(ref row);
            owning.Add(Key.Of(first, number));
            related.Add(Key.Of(second, number));
            pairs.Add(Key.Of(first, second, number));
            _row.Clear();
        }, rejection =>
        {
            counts.Rows++;
            counts.Undecodable++;
            Undecodable(rejection);
        });
    }

    private static ReadOnlySpan<byte> Sized(ref ReadOnlySpan<byte> row)
    {
        var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(row);
        var value = row.Slice(4, length);
        row = row[(4 + length)..];
        return value;
    }

    private void Undecodable(Rejection rejection)
    {
        check.UndecodableCount++;
        if (check.Undecodable.Count < MostUndecodable)
        {
            check.Undecodable.Add($"{rejection.Path}, byte {rejection.Offset}, document {rejection.Document}: {rejection.Reason}");
        }
    }

    private void Read(SourceCollection collection, CancellationToken stop, Action<ReadOnlySpan<byte>, long> take, Action<Rejection> rejected)
    {
        using var reader = collection.Open();
        reader.Rejected = rejected;
        while (reader.Read() is { } block)
        {
            using (block)
            {
                stop.ThrowIfCancellationRequested();
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    try
                    {
                        take(document, number);
                    }
                    catch (BsonFormatException e)
                    {
                        rejected(new Rejection(block.Path, block.Offset + at - document.Length, number, $"{e.Message} (byte {e.Offset} of the document)", []));
                    }
                    number++;
                }
                progress.Loaded(block.Count);
            }
        }
    }
}
