using System.Text;
using Backend.Data.Catalog;
using Npgsql;
using NpgsqlTypes;

namespace Backend.Data.Query;

/// <summary>SQL text under construction with its positional parameters. Every value of a request goes through one of the Add methods.</summary>
internal sealed class Statement
{
    private StringBuilder _text = new(512);
    private readonly List<NpgsqlParameter> _parameters = [];
    private int _aliases;
    private int _list = -1;

    /// <summary>Appends constant SQL or an identifier quoted by the catalog.</summary>
    public Statement Sql(string sql)
    {
        _text.Append(sql);
        return this;
    }

    /// <summary>An alias that is new in this statement.</summary>
    public string Alias() => "x" + (++_aliases).ToString(System.Globalization.CultureInfo.InvariantCulture);

    public Statement Text(string value) => Add(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });

    public Statement Number(double value) => Add(new NpgsqlParameter<double> { TypedValue = value });

    public Statement Integer(long value) => Add(new NpgsqlParameter<long> { TypedValue = value });

    public Statement Boolean(bool value) => Add(new NpgsqlParameter<bool> { TypedValue = value });

    public Statement Timestamp(DateTime utc) => Add(new NpgsqlParameter<DateTime> { TypedValue = utc, NpgsqlDbType = NpgsqlDbType.TimestampTz });

    public Statement Bytes(byte[] value) => Add(new NpgsqlParameter<byte[]> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bytea });

    public Statement Json(byte[] utf8) => Add(new NpgsqlParameter<byte[]> { TypedValue = utf8, NpgsqlDbType = NpgsqlDbType.Jsonb });

    public Statement JsonPath(string path)
    {
        Add(new NpgsqlParameter<string> { TypedValue = path, NpgsqlDbType = NpgsqlDbType.Text });
        _text.Append("::jsonpath");
        return this;
    }

    public Statement Texts(string[] values) => Add(new NpgsqlParameter<string[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });

    public Statement NullableTexts(string[]? values) => values is null
        ? Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text })
        : Texts(values);

    public Statement Numbers(double[] values) => Add(new NpgsqlParameter<double[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double });

    public Statement Timestamps(DateTime[] values) => Add(new NpgsqlParameter<DateTime[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });

    public Statement Booleans(bool[] values) => Add(new NpgsqlParameter<bool[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean });

    public Statement ByteStrings(byte[][] values) => Add(new NpgsqlParameter<byte[][]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });

    public Statement NullableTextList(string?[] values) => Add(new NpgsqlParameter<string?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });

    public Statement NullableNumbers(double?[] values) => Add(new NpgsqlParameter<double?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double });

    public Statement NullableBooleans(bool?[] values) => Add(new NpgsqlParameter<bool?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean });

    public Statement NullableTimestamps(DateTime?[] values) => Add(new NpgsqlParameter<DateTime?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });

    public Statement NullableByteStrings(byte[]?[] values) => Add(new NpgsqlParameter<byte[]?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });

    public Statement Jsons(byte[][] values)
    {
        // As text: the driver has no binary form for an array of jsonb given as bytes.
        Texts([.. values.Select(Encoding.UTF8.GetString)]);
        _text.Append("::jsonb[]");
        return this;
    }

    /// <summary>Indexes that would serve what was printed; null: none was asked for.</summary>
    public List<DemandedIndex>? Demanded { get; private set; }

    /// <summary>Notes an index that would serve what was printed.</summary>
    public void Demand(DemandedIndex index) => (Demanded ??= []).Add(index);

    /// <summary>Prints something apart, to be put where it belongs later; its parameters count at once.</summary>
    public string Fragment(Action<Statement> print)
    {
        var text = _text;
        _text = new StringBuilder();
        try
        {
            print(this);
            return _text.ToString();
        }
        finally
        {
            _text = text;
        }
    }

    /// <summary>The text so far.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>A command of a connection.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.LimitExceeded"/>: more values than a statement can have.</exception>
    public NpgsqlCommand ToCommand(NpgsqlConnection connection, NpgsqlTransaction? transaction = null)
    {
        RequireSendable();
        var command = new NpgsqlCommand(_text.ToString(), connection, transaction);
        foreach (var parameter in _parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>A command of a batch.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.LimitExceeded"/>: more values than a statement can have.</exception>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        RequireSendable();
        var command = new NpgsqlBatchCommand(_text.ToString());
        foreach (var parameter in _parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    // The protocol counts parameters in 16 bits.
    private void RequireSendable()
    {
        if (_parameters.Count > ushort.MaxValue)
            throw new Refusal(RefusalKind.LimitExceeded, "The query holds too many values.");
    }

    /// <summary>Prints values where the planner does not see them, until further notice: a plan then counts for all values.</summary>
    public bool HidesValues { private get; set; }

    /// <summary>
    /// From here on values are columns of a list <c>v</c> instead of parameters (<see cref="ValueList"/>): statements of the same text, printed for different
    /// requests, can then be sent as one.
    /// </summary>
    public Statement ListValues()
    {
        _list = 0;
        return this;
    }

    /// <summary>The place of the list in the text; it is printed by <see cref="EndList"/>.</summary>
    public Statement ListHere()
    {
        _list = _text.Length;
        return this;
    }

    /// <summary>Prints the list where it belongs: all values are known.</summary>
    /// <returns>False: one of the values cannot be listed.</returns>
    public bool EndList()
    {
        if (ValueList.TryPrint(_parameters) is not { } list)
            return false;
        _text.Insert(_list, list);
        return true;
    }

    /// <summary>The command that statements of one text with a list make together.</summary>
    public static NpgsqlCommand ToCommand(NpgsqlConnection connection, string text, IReadOnlyList<Statement> listed)
    {
        var command = new NpgsqlCommand(text, connection);
        for (var i = 0; i < listed[0]._parameters.Count; i++)
            command.Parameters.Add(ValueList.Gather(listed, i));
        return command;
    }

    /// <summary>A value that was printed.</summary>
    internal NpgsqlParameter this[int parameter] => _parameters[parameter];

    private Statement Add(NpgsqlParameter parameter)
    {
        _parameters.Add(parameter);
        if (_list >= 0)
            _text.Append("v.p").Append(_parameters.Count).Append(ValueList.CastOf(parameter));
        else if (HidesValues)
            _text.Append("(select $").Append(_parameters.Count).Append(')');
        else
            _text.Append('$').Append(_parameters.Count);
        return this;
    }
}
