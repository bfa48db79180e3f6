using System.Runtime.CompilerServices;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat;

/// <summary>The Parse JavaScript SDK, and both APIs together, through nginx, on the imported sample app. Goes with the old dialect.</summary>
[NonParallelizable]
public sealed class OldClientTests
{
    internal const string ApplicationId = "sample-app";
    internal const string MasterKey = "sample-master-key";

    [ModuleInitializer]
    internal static void AddSettings()
    {
        ApiProcess.Defaults["ParseCompat:ApplicationId"] = ApplicationId;
        ApiProcess.Defaults["ParseCompat:MasterKey"] = MasterKey;
        ApiProcess.Defaults["ParseCompat:AllowClientClassCreation"] = "true";
        ApiProcess.Defaults["ParseCompat:EnforcePrivateUsers"] = "false";
    }

    [TestCase("log-in", TestName = "An_imported_user_logs_in_with_his_old_password")]
    [TestCase("go-on", TestName = "An_imported_session_token_goes_on_also_a_legacy_one")]
    [TestCase("query", TestName = "The_SDK_queries_imported_rows")]
    [TestCase("save", TestName = "The_SDK_saves_every_type_and_operation")]
    [TestCase("acl", TestName = "Row_rights_hold_for_imported_and_new_rows")]
    [TestCase("roles", TestName = "Roles_count_by_inheritance_and_a_change_counts_at_once")]
    [TestCase("batch", TestName = "The_SDK_saves_and_deletes_many_at_once")]
    [TestCase("class-permissions", TestName = "Class_permissions_hold_for_imported_classes")]
    [TestCase("both", TestName = "A_row_of_the_old_client_is_changed_by_the_new_one_and_seen_by_the_old")]
    [TestCase("exchange", TestName = "A_Parse_session_becomes_a_token_and_a_log_out_ends_both")]
    public async Task Scenario(string name)
    {
        var backend = await SharedSampleBackend.GetAsync();
        await NodeScenario.RunAsync(Repository.File("tests", "EndToEnd", "ParseCompat", "clients"), name, new Dictionary<string, string>
        {
            ["BACKEND_URL"] = backend.Url,
            ["PARSE_APPLICATION_ID"] = ApplicationId,
            ["PARSE_MASTER_KEY"] = MasterKey,
        });
    }

    [Test]
    public async Task Both_mounts_answer()
    {
        var backend = await SharedSampleBackend.GetAsync();
        await NodeScenario.RunAsync(Repository.File("tests", "EndToEnd", "ParseCompat", "clients"), "log-in", new Dictionary<string, string>
        {
            ["BACKEND_URL"] = backend.Url,
            ["PARSE_MOUNT"] = "/1",
            ["PARSE_APPLICATION_ID"] = ApplicationId,
        });
    }
}
