using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Adaptation.Testing;

namespace Adaptation.Runner.Docker.Tests;

public sealed class ContainerRequestTests
{
    [Fact]
    public void A_hardened_container_is_asked_for_exactly_so()
    {
        var spec = Given.Container with
        {
            Command = ["--model", "/model"],
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add("LANG", "C.UTF-8"),
            Mounts = [new Mount("/srv/model", "/model", ReadOnly: true), new Mount("/run/s", "/run/s", ReadOnly: false)],
            Devices = ["/dev/davinci0"],
            TmpBytes = 1024,
        };

        var request = CreateRequest.Container(spec, network: null);

        Golden.Match("create-hardened.json", Encoding.UTF8.GetString(request));
    }

    [Fact]
    public void A_weakened_container_differs_by_the_weaknesses_that_were_named()
    {
        var spec = Given.Container with
        {
            User = "0:0",
            Network = new ContainerNetwork.Host(),
            Weaknesses = new(Privileged: true, WritableRoot: true, MayGainPrivileges: true, HostPid: true, HostIpc: true) { Capabilities = ["SYS_ADMIN"] },
        };

        var request = CreateRequest.Container(spec, network: null);

        Golden.Match("create-weakened.json", Encoding.UTF8.GetString(request));
    }

    [Fact]
    public void A_published_port_comes_with_an_internal_network_of_its_own()
    {
        var spec = Given.Container with { Network = new ContainerNetwork.PublishedPort(8000) };

        var requests = Encoding.UTF8.GetString(CreateRequest.Network("n1", spec.RunId, spec.Owner))
            + "\n" + Encoding.UTF8.GetString(CreateRequest.Container(spec, "n1"));

        Golden.Match("create-published.json", requests);
    }

    [Fact]
    public void Where_engine_and_kernel_agree_there_is_no_conflict()
    {
        var facts = ContainerFacts.Read(Inspected(), Hardened, ownNetwork: null);

        Assert.DoesNotContain(facts.Keys, key => key.StartsWith("conflict.", StringComparison.Ordinal));
        Assert.Equal("true", facts["read_only_root"]);
        Assert.Equal("10001", facts["uid"]);
        Assert.Equal("0000000000000000", facts["capabilities.effective"]);
    }

    [Fact]
    public void Where_engine_and_kernel_differ_the_weaker_word_counts_whoever_said_it()
    {
        var kernel = Hardened with { NoNewPrivileges = false, Uid = 0, ReadOnlyRoot = false, HostNetwork = true, MemoryLimited = false };

        var facts = ContainerFacts.Read(Inspected(), kernel, ownNetwork: null);
        var reversed = ContainerFacts.Read(Inspected(user: "", readOnly: false), Hardened, ownNetwork: null);

        Assert.Equal(("false", "0", "false", "true", "false"),
            (facts["no_new_privileges"], facts["uid"], facts["read_only_root"], facts["host_network"], facts["memory_limited"]));
        Assert.Equal("engine true, kernel false", facts["conflict.read_only_root"]);
        Assert.Equal(("0", "false"), (reversed["uid"], reversed["read_only_root"]));
        Assert.Equal("engine 0, kernel 10001", reversed["conflict.uid"]);
    }

    [Fact]
    public void What_only_the_kernel_knows_is_unreadable_without_it()
    {
        var facts = ContainerFacts.Read(Inspected(user: "nobody"), kernel: null, ownNetwork: null);

        Assert.Equal(("unreadable", "unreadable", "unreadable"), (facts["capabilities.effective"], facts["seccomp"], facts["uid"]));
    }

    [Fact]
    public void An_empty_inspection_makes_no_container_look_hardened()
    {
        var facts = ContainerFacts.Read(JsonDocument.Parse("{}").RootElement, kernel: null, ownNetwork: null);

        Assert.Equal(("false", "false", "0", "false"), (facts["no_new_privileges"], facts["read_only_root"], facts["uid"], facts["pids_limited"]));
        Assert.Equal("unreadable", facts["image"]);
    }

    private static KernelView Hardened => new(
        "0000000000000000", NoNewPrivileges: true, Uid: 10001, Seccomp: "2", ReadOnlyRoot: true, HostNetwork: false, HostPid: false, HostIpc: false,
        MemoryLimited: true, CpuLimited: true, PidsLimited: true);

    private static JsonElement Inspected(string user = "10001:10001", bool readOnly = true) => JsonDocument.Parse($$"""
        {"Image":"sha256:aa","Config":{"User":"{{user}}"},"HostConfig":{"NetworkMode":"none","PidMode":"","IpcMode":"private","CapDrop":["ALL"],
         "SecurityOpt":["no-new-privileges"],"ReadonlyRootfs":{{(readOnly ? "true" : "false")}},"Memory":1,"NanoCpus":1,"PidsLimit":1} }
        """).RootElement;
}
