namespace Adaptation.Runner.Docker.Tests;

public sealed class AptSourcesTests
{
    [Theory]
    [InlineData("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm")]
    [InlineData("ID=\"ubuntu\"\nVERSION_CODENAME=noble", "noble")]
    [InlineData("ID=fedora\nVERSION_CODENAME=x", null)]
    [InlineData("ID=debian", null)]
    [InlineData("", null)]
    public void The_suite_is_read_where_the_machine_runs_Debian_or_Ubuntu(string osRelease, string? expected)
    {
        Assert.Equal(expected, AptSources.Suite(osRelease));
    }

    [Fact]
    public void Only_the_distributions_own_entries_are_taken()
    {
        var lines = AptSources.OneLine(
            """
            # deb http://old bookworm main
            deb http://mirror/debian bookworm main contrib # ours
            deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm-updates main
            deb-src http://mirror/debian bookworm main
            deb https://packages.example/repo bookworm stable
            deb https://apt.example bookworm-pgdg main
            deb [broken http://mirror bookworm main
            """,
            "bookworm");

        Assert.Equal(["deb http://mirror/debian bookworm main", "deb [signed-by=/k.gpg] http://mirror/debian bookworm-updates main"], lines);
    }

    [Fact]
    public void Stanzas_are_read_too()
    {
        var lines = AptSources.Stanzas(
            """
            Types: deb
            # a remark
            URIs: http://mirror/debian
            Suites: bookworm bookworm-updates sid
            Components: main
            Signed-By: /usr/share/keyrings/d.gpg

            Types: deb
            URIs: https://vendor.example
            Suites: nodistro
            Components: main

            Enabled: no
            Types: deb
            URIs: http://off
            Suites: bookworm
            Components: main
            """,
            "bookworm");

        Assert.Equal(
            [
                "deb [signed-by=/usr/share/keyrings/d.gpg] http://mirror/debian bookworm main",
                "deb [signed-by=/usr/share/keyrings/d.gpg] http://mirror/debian bookworm-updates main",
            ],
            lines);
    }
}
