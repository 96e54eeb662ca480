using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>The folders of containers/: each holds to our rules, and each that a profile names is there.</summary>
public sealed class ContainerFilesTests
{
    private const string Good = """
        ARG BASE_IMAGE
        FROM ${BASE_IMAGE}
        # a comment may say curl https://x | sh
        RUN apt-get update -qq && \
            apt-get install -y --no-install-recommends libvulkan1 && rm -rf /var/lib/apt/lists/*
        COPY host/ /opt/adaptation/
        USER 10001:10001
        ENTRYPOINT ["/opt/adaptation/adaptation-host"]

        """;

    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Path.Combine(Golden.Root, "containers")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "ARG BASE_IMAGE\n", "", "the first instruction" },
        { "ARG BASE_IMAGE\n", "ARG BASE_IMAGE=debian:12\n", "the first instruction" },
        { "FROM ${BASE_IMAGE}", "FROM debian:12", "expected one" },
        { "FROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE} AS build\nFROM ${BASE_IMAGE}", "expected one" },
        { "FROM ${BASE_IMAGE}", "FROM vendor/image:latest", "another image tomorrow" },
        { "USER 10001:10001\n", "", "numeric user" },
        { "USER 10001:10001", "USER root", "numeric user" },
        { "USER 10001:10001", "USER 0:0", "numeric user" },
        { "USER 10001:10001", "USER 10001:10001\nUSER 0:10001", "numeric user" },
        { "COPY host/", "ADD https://example.com/x.tar.gz", "ADD fetches" },
        { "COPY host/", "RUN curl -sSf https://example.com/x.sh | sh\nCOPY host/", "piped into a shell" },
        { "COPY host/", "RUN wget -qO- https://example.com/x.sh \\\n  | sudo /bin/bash -s\nCOPY host/", "piped into a shell" },
        { "COPY host/", "RUN bash -c \"$(curl -fsSL https://example.com/x.sh)\"\nCOPY host/", "piped into a shell" },
        { "--no-install-recommends ", "", "without --no-install-recommends" },
        { " && rm -rf /var/lib/apt/lists/*", "", "without removing" },
        { "COPY host/", "ENV API_TOKEN=abc\nCOPY host/", "looks like a secret" },
        { "COPY host/", "ARG DB_PASSWORD\nCOPY host/", "looks like a secret" },
        { "COPY host/", "RUN --security=insecure make\nCOPY host/", "privileged build" },
        { "COPY host/", "VOLUME /data\nCOPY host/", "VOLUME is not used" },
        { "COPY host/", "HEALTHCHECK CMD true\nCOPY host/", "HEALTHCHECK is not used" },
    };

    [Fact]
    public void A_good_file_breaks_no_rule() => Assert.Empty(DockerfileLint.Problems(Good));

    [Theory, MemberData(nameof(Mistakes))]
    public void Each_rule_rejects_a_file_that_breaks_it(string from, string to, string words)
    {
        Assert.Contains(from, Good, StringComparison.Ordinal);

        Assert.Contains(DockerfileLint.Problems(Good.Replace(from, to, StringComparison.Ordinal)), problem => problem.Contains(words, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_shipped_folder_breaks_no_rule_and_says_in_three_lines_what_it_is(string folder)
    {
        var path = Path.Combine(Golden.Root, "containers", folder);

        Assert.Empty(DockerfileLint.Problems(File.ReadAllText(Path.Combine(path, "Dockerfile"))));
        Assert.Equal(3, File.ReadAllLines(Path.Combine(path, "README.md")).Count(line => line.Length > 0));
    }

    [Fact]
    public void What_a_shipped_profile_builds_from_is_there()
    {
        var stacks = Directory.GetFiles(Path.Combine(Golden.Root, "hardware-profiles"), "*.yaml", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != WantedChip.File)
            .Select(file => ProfileReader.TryReadFile(file, file, Golden.Root, new List<Problem>())?.Stack).OfType<Profile>().ToArray();

        Assert.True(stacks.Length >= 48);
        Assert.All(stacks, stack =>
        {
            Assert.True(File.Exists(Path.Combine(Golden.Root, stack.Image.Folder, "Dockerfile")), $"{stack.Id}: {stack.Image.Folder} holds no Dockerfile");
            Assert.All(stack.Image.Files.Values, place => Assert.True(Path.Exists(Path.Combine(Golden.Root, place)), $"{stack.Id}: {place} is not there"));
        });
    }
}
