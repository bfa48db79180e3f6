using System.Text.RegularExpressions;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Data.Accounts;

/// <summary>The fields of a user's row that accounts have rules for.</summary>
internal static partial class UserFields
{
    public const string UsernameField = "username";
    public const string EmailField = "email";
    public const string EmailVerifiedField = "emailVerified";
    public const string PasswordField = "password";

    /// <summary>The username that a change set stores, when it changes it; null: removes it.</summary>
    /// <exception cref="Refusal">It is no text.</exception>
    public static Optional<string?> Username(ChangeSet fields) => Text(fields, UsernameField);

    /// <summary>The e-mail address that a change set stores, when it changes it; null: removes it.</summary>
    /// <exception cref="Refusal">It is no text.</exception>
    public static Optional<string?> Email(ChangeSet fields) => Text(fields, EmailField);

    /// <summary>Whether a change set changes a field.</summary>
    public static bool Names(ChangeSet fields, string name) => fields.Changes.Exists(c => FieldOf(c)?.Name == name);

    /// <summary>Makes a change set store a value, or remove it, whatever else it said of the field.</summary>
    public static void Put(ChangeSet fields, Table users, string name, Value? value)
    {
        fields.Changes.RemoveAll(c => FieldOf(c)?.Name == name);
        var field = users.Find(name)!;
        fields.Add(value is { } v ? new Change.Set(field, v) : new Change.Unset(field));
    }

    /// <summary>Whether PostgreSQL can store the text: no NUL, no lone surrogate.</summary>
    public static bool IsStorable(string text) => Storage.IsStorable(text, indexed: false);

    /// <summary>Refuses what no username or address can be.</summary>
    public static void CheckStorable(Table users, string text, string field)
    {
        if (text.Length == 0)
            throw new Refusal(RefusalKind.InvalidValue, $"An empty {field}.", users.Origin, field);
        if (!Storage.IsStorable(text, indexed: true))
            throw new Refusal(RefusalKind.InvalidValue, $"A {field} has at most {Storage.MaxIndexedBytes} bytes, no U+0000 and no half surrogate pairs.", users.Origin, field);
    }

    /// <summary>
    /// Refuses what is no e-mail address. Only the form that the old server asked for: anything, <c>@</c>, anything; or the empty text, which forms send
    /// whose address nobody filled in, and which one user can have, as any other.
    /// </summary>
    public static void CheckEmail(Table users, string email)
    {
        if (email.Length == 0)
            return;
        if (!EmailForm().IsMatch(email))
            throw new Refusal(RefusalKind.InvalidValue, "An e-mail address has an @ within.", users.Origin, EmailField);
        CheckStorable(users, email, EmailField);
    }

    private static Optional<string?> Text(ChangeSet fields, string name)
    {
        Optional<string?> text = default;
        foreach (var change in fields.Changes)
        {
            if (FieldOf(change) is not { } field || field.Name != name)
                continue;
            text = change switch
            {
                Change.Set { Path.Steps.IsEmpty: true, Value: { Kind: ValueKind.Text } value } => value.AsText,
                Change.Set { Path.Steps.IsEmpty: true, Value.IsNull: true } or Change.Unset { Path.Steps.IsEmpty: true } => new Optional<string?>(null),
                _ => throw new Refusal(RefusalKind.InvalidValue, $"The {name} is a text.", field: name),
            };
        }

        return text;
    }

    private static Field? FieldOf(Change change) => change switch
    {
        Change.Set c => c.Path.Field,
        Change.Unset c => c.Path.Field,
        Change.Increment c => c.Path.Field,
        Change.Append c => c.Path.Field,
        Change.AppendUnique c => c.Path.Field,
        Change.RemoveElements c => c.Path.Field,
        _ => null,
    };

    [GeneratedRegex(@"\A[^\n\r\u2028\u2029]+@[^\n\r\u2028\u2029]+\z")]
    private static partial Regex EmailForm();
}
