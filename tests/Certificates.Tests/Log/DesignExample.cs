namespace Adaptation.Certificates.Tests;

/// <summary>The worked example of the format's design: made by other programs (OpenSSL and a script), so that it is a stranger's opinion.</summary>
internal static class DesignExample
{
    /// <summary>When its witness signed.</summary>
    public static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1_795_287_600);

    public const string Leaf =
        """
        hwcert-leaf/v1
        61ecfdbf6211da59e699043e969f397355c9a8ee81b7356c4f42a8bb643b35f6
        aeb830cf507929af06084324dec420e0e8a60fb313ef3992ebeb36a58709f858
        34c9a8cc1d76513bda0d38086316c1cee66950bd80149ce9eb62faaf54729fd7
        8ce4f94759fe772d9908bb3ca2b0f5c2459537e8bc4529ea3c978ac76fb5ff11

        """;

    public const string LeafHash = "bedf49b9e02ace514637ecbd0c22141ff819b1ea6554fb1c4035058cd4178425";

    public const string Checkpoint =
        """
        hwcert.example.org/log1
        7
        ltaauOcAGSdnxfycuneLEJAoCQ6CKDStyookHQo79UU=

        — hwcert.example.org/log1 isXXJ4nWRSFSi25MIL1qmO9rQYMt9zorsJCT8yN88Bm6uadY9qSnhqdf8O1X7Ntc8/2kr5bYw6kSfL4bkzSSt6o+QQM=
        — witness.example.org/w1 F9BdrwAAAABrAeowZ+k/bQNl+iS4gqtBa/qbWmwsqqp1xG44+fG1ZdQv8Xoou2Wvx74Xyi0gsCIBVdvdDMXllLuBt3alOUUnfNXDCg==

        """;

    public const string Proof =
        $"""
        c2sp.org/tlog-proof@v1
        index 3
        V+s1YV1H807HFMrN9f10YIpejhAnJOgLJLKHwMJ7ajE=
        jrMW+fKEIIXFWCn78RbHVTDyn+B2ayfrGW6l/gdAzEE=
        UZ+nb+4kDsVL2dfp5fSakw9sYyExYGK/5tpAf2oCcqw=

        {Checkpoint}
        """;

    public const string Policy =
        """
        log hwcert.example.org/log1+8ac5d727+AQn5aH0E0PdlTDar74GF2xyeaAUq8WWZyJDCufJgLily
        witness w1 witness.example.org/w1+17d05daf+BOX97/erNrcjn0CkeVhN0rVBrF69ZayeOoy8m83kp84S
        quorum w1

        """;
}
