using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class HardeningTests
{
    private static readonly Measurement Restricted = Given.Measurement("SEC-01") with
    {
        Facts = Given.Facts(
            ("privileged", "false"), ("host_network", "false"), ("host_pid", "false"), ("host_ipc", "false"),
            ("capabilities.added", ""), ("capabilities.effective", "0000000000000000"), ("capabilities.dropped", "ALL"),
            ("no_new_privileges", "true"), ("read_only_root", "true"), ("uid", "65532"), ("seccomp", "2"), ("devices", ""),
            ("writable_mounts", "/run/adaptation"), ("memory_limited", "true"), ("cpu_limited", "true"), ("pids_limited", "true")),
    };

    public static TheoryData<string> Rules =>
        [.. Restricted.Facts.Keys.Where(key => key != "capabilities.dropped")];

    [Fact]
    public void A_container_of_the_restricted_profile_passes() => Judged.Passes(Judged.By(Clauses.Hardening, Restricted));

    [Theory]
    [InlineData("privileged", "true")]
    [InlineData("privileged", "")]
    [InlineData("host_network", "true")]
    [InlineData("host_pid", "true")]
    [InlineData("host_ipc", "shareable")]
    [InlineData("capabilities.added", "SYS_ADMIN")]
    [InlineData("capabilities.effective", "00000000a80425fb")]
    [InlineData("capabilities.effective", "")]
    [InlineData("no_new_privileges", "false")]
    [InlineData("read_only_root", "false")]
    [InlineData("uid", "0")]
    [InlineData("uid", "00")]
    [InlineData("uid", "app")]
    [InlineData("uid", "-1")]
    [InlineData("seccomp", "0")]
    [InlineData("devices", "/dev/davinci0")]
    [InlineData("writable_mounts", "/run/adaptation,/")]
    [InlineData("writable_mounts", "/run/adaptation/..")]
    [InlineData("memory_limited", "false")]
    [InlineData("cpu_limited", "false")]
    [InlineData("pids_limited", "false")]
    public void One_departure_fails_and_is_named(string rule, string value) =>
        Assert.Equal($"1 violations: {rule} is {value}", Judged.Measured(Judged.By(Clauses.Hardening, Restricted.WithFact(rule, value))));

    [Theory, MemberData(nameof(Rules))]
    public void What_was_not_read_is_a_violation_that_no_exception_excuses(string rule)
    {
        var plan = Given.Plan with { HardeningExceptions = Given.Facts((rule, "trust us")) };
        var unread = Restricted.WithoutFact(rule).WithoutFact("capabilities.dropped");

        Assert.Contains("1 violations", Judged.Measured(Judged.By(Clauses.Hardening, unread, plan)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("writable_mounts", "")]
    [InlineData("seccomp", "unreadable")]
    [InlineData("capabilities.effective", "0")]
    public void Other_safe_values_pass(string rule, string value) =>
        Judged.Passes(Judged.By(Clauses.Hardening, Restricted.WithFact(rule, value)));

    [Fact]
    public void A_remote_container_passes_by_what_it_was_told_to_drop() =>
        Judged.Passes(Judged.By(Clauses.Hardening, Restricted.WithoutFact("capabilities.effective")));

    [Fact]
    public void A_remote_container_that_dropped_only_some_fails() =>
        Assert.Contains(
            "capabilities.dropped is NET_RAW",
            Judged.Measured(Judged.By(Clauses.Hardening, Restricted.WithoutFact("capabilities.effective").WithFact("capabilities.dropped", "NET_RAW"))), StringComparison.Ordinal);

    [Fact]
    public void What_the_kernel_says_outweighs_what_the_container_engine_was_told() =>
        Judged.Measured(Judged.By(Clauses.Hardening, Restricted.WithFact("capabilities.effective", "0000000000000400")));

    [Fact]
    public void A_device_node_named_as_an_exception_passes_and_is_listed()
    {
        var plan = Given.Plan with { HardeningExceptions = Given.Facts(("devices", "the accelerator's node")) };

        var finding = Judged.By(Clauses.Hardening, Restricted.WithFact("devices", "/dev/davinci0"), plan);

        Judged.Passes(finding);
        Assert.Equal(1000, Judged.Milli(finding, "exceptions"));
        Assert.Equal(1000, Judged.Milli(finding, "exception: devices"));
    }

    [Theory]
    [InlineData("/run/adaptation,/var/cache/engine", null)]
    [InlineData("/run/adaptation,/var/cache/engine,/data", "/run/adaptation,/data")]
    [InlineData("/run/adaptation,/var/cache/engine/x", "/run/adaptation,/var/cache/engine/x")]
    [InlineData("/run/adaptation,/var/cache", "/run/adaptation,/var/cache")]
    public void The_cache_that_the_profile_declares_may_be_written_and_is_listed_and_no_folder_beside_it(string mounts, string? blamed)
    {
        var (seen, plan) = (Restricted.WithFact("writable_mounts", mounts), Given.Plan with { Cache = "/var/cache/engine" });

        var finding = Judged.By(Clauses.Hardening, seen, plan);

        if (blamed is null)
        {
            Judged.Passes(finding);
            Assert.Equal(1000, Judged.Milli(finding, "writable folder that the profile declares: /var/cache/engine"));
            Judged.Measured(Judged.By(Clauses.Hardening, seen)); // undeclared
        }
        else
        {
            Assert.Equal($"1 violations: writable_mounts is {blamed}", Judged.Measured(finding));
        }
    }

    [Fact]
    public void An_exception_without_a_reason_excuses_nothing() =>
        Judged.Measured(Judged.By(
            Clauses.Hardening, Restricted.WithFact("devices", "/dev/davinci0"), Given.Plan with { HardeningExceptions = Given.Facts(("devices", " ")) }));

    [Fact]
    public void An_exception_to_one_rule_excuses_no_other() =>
        Assert.Equal("1 violations: uid is 0", Judged.Measured(Judged.By(
            Clauses.Hardening, Restricted.WithFact("devices", "/dev/davinci0").WithFact("uid", "0"),
            Given.Plan with { HardeningExceptions = Given.Facts(("devices", "the accelerator's node")) })));

    [Fact]
    public void A_privileged_root_container_on_the_host_network_fails_on_all_counts()
    {
        var finding = Judged.By(Clauses.Hardening, Restricted.WithFact("uid", "0").WithFact("privileged", "true").WithFact("host_network", "true"));

        Assert.StartsWith("3 violations", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Equal(3000, Judged.Milli(finding, "violations"));
    }
}
