using System.Security.Cryptography;

namespace Backend.Data.Rows;

/// <summary>Ids of new rows: ten random characters of <c>A-Za-z0-9</c>, as the imported rows have (contract 6.1).</summary>
public static class RowId
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>A new id.</summary>
    public static string New(int length = 10) => RandomNumberGenerator.GetString(Alphabet, length);
}
