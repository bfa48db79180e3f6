namespace Backend.Data.Accounts;

/// <summary>How another provider knows a user.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Subject">Its id of the user as text, unique per provider; null: its document has none.</param>
/// <param name="DataJson">What it gave, the text of a JSON object.</param>
public sealed record Identity(string Provider, string? Subject, string DataJson);

/// <summary>A user to whom an identity belongs.</summary>
/// <param name="UserId">The user.</param>
/// <param name="IsClosed">His access list lets nobody in.</param>
public sealed record IdentityOwner(string UserId, bool IsClosed);
