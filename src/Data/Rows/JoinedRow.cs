using Backend.Data.Access;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>The row that a reference of the current row leads to, read by the same statement.</summary>
internal sealed class JoinedRow : ReadRow
{
    private readonly NpgsqlDataReader _reader;
    private readonly int _first;

    /// <summary>The row of a join.</summary>
    public JoinedRow(NpgsqlDataReader reader, ReadShape shape, Caller caller)
        : base(reader, shape, shape.Table, caller)
    {
        _reader = reader;
        _first = shape.First;
    }

    /// <summary>Whether there is one that the caller may get.</summary>
    public bool Exists { get; private set; }

    /// <summary>The reader stands on the next row.</summary>
    public void Next()
    {
        Exists = !_reader.IsDBNull(_first);
        if (Exists)
            Arrive();
    }
}
