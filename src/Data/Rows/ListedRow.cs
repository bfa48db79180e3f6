using Backend.Data.Access;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>The row at which a reader of several requests' rows stands, as the one who asked for it sees it.</summary>
internal sealed class ListedRow : ReadRow
{
    public ListedRow(NpgsqlDataReader reader, ReadShape shape, Caller caller)
        : base(reader, shape, shape.Table, caller)
    {
        Arrive();
    }
}
