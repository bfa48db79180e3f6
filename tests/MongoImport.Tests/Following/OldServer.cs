using Backend.MongoDouble.Bson;
using Backend.MongoImport.Tests.Live;

namespace Backend.MongoImport.Tests.Following;

/// <summary>What an app does to its old server's database meanwhile: documents in a Parse server's layout, by a seed.</summary>
internal sealed class OldServer(LiveServer server, int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<string> _scores = [];
    private readonly List<string> _users = [];
    private readonly List<string> _sessions = [];
    private readonly List<string> _links = [];
    private int _made;

    /// <summary>How many changes it has made.</summary>
    public long Changes { get; private set; }

    /// <summary>The schema and a few documents of each kind.</summary>
    public void Begin(int scores = 50)
    {
        Put("_SCHEMA", "Score", d => d.Text("objectId", "string").Text("createdAt", "date").Text("updatedAt", "date").Text("n", "number").Text("name", "string").Text("at", "date").Text("owner", "*_User").Text("fans", "relation<_User>"));
        Put("_SCHEMA", "_User", d => d.Text("username", "string").Text("email", "string"));
        for (var i = 0; i < 10; i++)
        {
            SignUp();
        }
        for (var i = 0; i < scores; i++)
        {
            Insert();
        }
        Put("_Role", "role0", d => Times(d.Text("name", "Admin").Texts("_wperm").Texts("_rperm", "*")));
        for (var i = 0; i < 5; i++)
        {
            Link();
        }
    }

    /// <summary>One change out of many kinds.</summary>
    public void Change()
    {
        switch (_random.Next(14))
        {
            case < 4:
                Insert();
                break;
            case < 7:
                Update();
                break;
            case 7:
                Delete("Score", _scores);
                break;
            case 8:
                SignUp();
                break;
            case 9:
                Rename();
                break;
            case 10:
                LogIn();
                break;
            case 11:
                Link();
                break;
            case 12:
                Delete("_Join:users:_Role", _links);
                break;
            default:
                Delete(_random.Next(3) == 0 ? "_User" : "_Session", _random.Next(3) == 0 ? _users : _sessions);
                break;
        }
    }

    public void Insert() => Save(New("s", _scores));

    public void SignUp()
    {
        var id = New("u", _users);
        Put("_User", id, d => User(d, $"user-{_random.Next(30)}", $"mail-{_random.Next(30)}@x"));
        LogIn(id);
    }

    public void Put(string collection, string id, Action<Doc> members)
    {
        Changes++;
        server.Mongo.Put(LiveServer.Database, collection, Doc.Document(d => members(d.Text("_id", id))));
    }

    public void CreateIndex(string collection, MongoDoc index) => server.Mongo.CreateIndex(LiveServer.Database, collection, index);

    private void Update()
    {
        if (_scores.Count > 0)
        {
            Save(_scores[_random.Next(_scores.Count)]);
        }
    }

    private void Save(string id)
    {
        var document = Doc.Document(d =>
        {
            Times(d.Text("_id", id)).Double("n", _random.Next(1000)).Text("name", $"é {_random.Next(100)}").Date("at", 1_700_000_000_000 + _random.Next());
            if (_random.Next(2) == 0)
            {
                d.Text("_p_owner", $"_User${_users[_random.Next(_users.Count)]}");
            }
            // A field that no schema declares, at times of another type than before.
            if (_random.Next(5) == 0)
            {
                d.Double("extra", _random.Next());
            }
            else if (_random.Next(20) == 0)
            {
                d.Text("n", "not a number").Null("gone");
            }
        });
        Changes++;
        if (_random.Next(2) == 0)
        {
            server.Mongo.Put(LiveServer.Database, "Score", document);
        }
        else
        {
            server.Mongo.Update(LiveServer.Database, "Score", document);
        }
    }

    // Two users of one name, and back.
    private void Rename()
    {
        if (_users.Count > 0)
        {
            Put("_User", _users[_random.Next(_users.Count)], d => User(d, $"user-{_random.Next(30)}", $"mail-{_random.Next(30)}@x"));
        }
    }

    private Doc User(Doc d, string username, string email) => Times(d.Text("username", username).Text("email", email).Text("_hashed_password", "$2b$10$abcdefghijklmnopqrstuv"))
        .Document("_auth_data_facebook", a => a.Text("id", $"fb{_random.Next(20)}").Text("access_token", $"t{_random.Next()}"));

    private void LogIn()
    {
        if (_users.Count > 0)
        {
            LogIn(_users[_random.Next(_users.Count)]);
        }
    }

    private void LogIn(string user)
    {
        var id = New("e", _sessions);
        Put("_Session", id, d => Times(d.Text("_session_token", $"r:{id}").Text("_p_user", $"_User${user}").Date("expiresAt", 4_000_000_000_000)));
    }

    private void Link()
    {
        if (_users.Count > 0)
        {
            // Several documents may hold one pair.
            Put("_Join:users:_Role", New("l", _links), d => d.Text("relatedId", _users[_random.Next(Math.Min(8, _users.Count))]).Text("owningId", "role0"));
        }
    }

    private void Delete(string collection, List<string> ids)
    {
        if (ids.Count > 2)
        {
            var n = _random.Next(ids.Count);
            Changes += server.Mongo.Delete(LiveServer.Database, collection, ids[n]) ? 1 : 0;
            ids.RemoveAt(n);
        }
    }

    private string New(string kind, List<string> ids)
    {
        var id = $"{kind}{++_made:d6}";
        ids.Add(id);
        return id;
    }

    private Doc Times(Doc d) => d.Date("_created_at", 1_600_000_000_000 + _random.Next(1000)).Date("_updated_at", 1_700_000_000_000 + ++_made);
}
