using Backend.ParseCompat.Installations;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Tests.Installations;

[Parallelizable(ParallelScope.All)]
internal sealed class InstallationPlanTests
{
    private static readonly StoredInstallation Phone = new("phone", "id-1", "token-1", "ios", "app");
    private static readonly StoredInstallation TokenOnly = new("tokenOnly", null, "token-1", "ios", null);
    private static readonly StoredInstallation IdOnly = new("idOnly", "id-1", null, "ios", null);

    [Test]
    public void A_create_that_names_neither_token_nor_installation_is_refused()
    {
        var error = Assert.Throws<ParseError>(() => InstallationPlan.Check(new InstallationSave { DeviceType = "ios" }, null));
        Assert.That((error!.Code, error.Message), Is.EqualTo((135, "at least one ID field (deviceToken, installationId) must be specified in this operation")));
    }

    [Test]
    public void A_create_of_something_new_needs_a_device_type()
    {
        Assert.That(Fails(new() { InstallationId = "id-1" }), Is.EqualTo((135, "deviceType must be specified in this operation")));
        Assert.That(Plan(new() { InstallationId = "id-1", DeviceType = "ios" }), Is.EqualTo(("", "")));
    }

    [Test]
    public void A_row_that_the_master_key_makes_without_any_id_needs_nothing_else()
    {
        Assert.That(() => InstallationPlan.Check(new InstallationSave(), "the-masters-own"), Throws.Nothing);
        Assert.That(Plan(new()), Is.EqualTo(("", "")));
    }

    [Test]
    public void A_create_with_a_known_installation_updates_it()
    {
        Assert.That(Plan(new() { InstallationId = "id-1" }, Phone), Is.EqualTo(("phone", "")));
        Assert.That(Plan(new() { SenderId = "id-1" }, Phone), Is.EqualTo(("phone", "")));
    }

    [Test]
    public void A_single_row_with_the_token_is_taken_over_when_one_side_has_no_installation()
    {
        Assert.That(Plan(new() { DeviceToken = "token-1", InstallationId = "id-9", DeviceType = "ios" }, TokenOnly), Is.EqualTo(("tokenOnly", "")));
        Assert.That(Plan(new() { DeviceToken = "token-1", DeviceType = "ios" }, Phone), Is.EqualTo(("phone", "")));
    }

    [Test]
    public void Several_rows_with_the_token_ask_for_an_installation()
    {
        var other = Phone with { Id = "other", InstallationId = "id-2" };
        Assert.That(Fails(new() { DeviceToken = "token-1", DeviceType = "ios" }, Phone, other),
            Is.EqualTo((132, "Must specify installationId when deviceToken matches multiple Installation objects")));
    }

    [Test]
    public void A_new_installation_takes_the_token_from_all_others_of_the_same_app()
    {
        var other = Phone with { Id = "other", InstallationId = "id-2", AppIdentifier = "other app" };
        var save = new InstallationSave { DeviceToken = "token-1", InstallationId = "id-9", DeviceType = "ios" };
        Assert.That(Plan(save, Phone, other), Is.EqualTo(("", "phone,other")));
        Assert.That(Plan(save with { AppIdentifier = "app" }, Phone, other), Is.EqualTo(("", "phone")));
    }

    [Test]
    public void An_installation_and_a_row_with_its_token_become_the_tokens_row() =>
        Assert.That(Plan(new() { DeviceToken = "token-1", InstallationId = "id-1" }, IdOnly, TokenOnly), Is.EqualTo(("tokenOnly", "idOnly")));

    [Test]
    public void An_installation_that_gets_anothers_token_ends_the_other()
    {
        var other = Phone with { Id = "other", InstallationId = "id-2" };
        Assert.That(Plan(new() { DeviceToken = "token-1", InstallationId = "id-1" }, IdOnly, other), Is.EqualTo(("idOnly", "other")));
        Assert.That(Plan(new() { PathId = "idOnly", BodyId = "idOnly", DeviceToken = "token-1" }, IdOnly, other), Is.EqualTo(("idOnly", "other")));
        Assert.That(Plan(new() { PathId = "idOnly", DeviceToken = "token-1" }, IdOnly, other), Is.EqualTo(("idOnly", "")));
    }

    [Test]
    public void An_update_may_not_change_what_identifies()
    {
        Assert.That(Fails(new() { PathId = "phone", InstallationId = "id-2" }, Phone), Is.EqualTo((136, "installationId may not be changed in this operation")));
        Assert.That(Fails(new() { PathId = "phone", DeviceType = "android" }, Phone), Is.EqualTo((136, "deviceType may not be changed in this operation")));
        Assert.That(Fails(new() { PathId = "tokenOnly", DeviceToken = "token-2" }, TokenOnly), Is.EqualTo((136, "deviceToken may not be changed in this operation")));
        Assert.That(Fails(new() { PathId = "gone", DeviceType = "ios" }), Is.EqualTo((101, "Object not found for update.")));
    }

    [Test]
    public void An_update_of_a_row_without_installation_with_its_own_token_keeps_the_row() =>
        Assert.That(Plan(new() { PathId = "tokenOnly", DeviceToken = "token-1" }, TokenOnly), Is.EqualTo(("tokenOnly", "")));

    private static (string Target, string Doomed) Plan(InstallationSave save, params StoredInstallation[] rows)
    {
        var plan = InstallationPlan.Make(save, rows);
        return (plan.Target ?? "", string.Join(',', plan.Doomed));
    }

    private static (int?, string) Fails(InstallationSave save, params StoredInstallation[] rows)
    {
        var error = Assert.Throws<ParseError>(() => InstallationPlan.Make(save, rows))!;
        return (error.Code, error.Message);
    }
}
