namespace Adaptation.Certificates.Tests;

public sealed class MutationTests
{
    private const int Seed = 20261121;

    [Fact]
    public void No_byte_of_a_certificate_can_be_changed()
    {
        var (good, random) = (Given.Issued(), new Random(Seed));
        var accepted = new List<(int, byte)>();
        var codes = new HashSet<string>(StringComparer.Ordinal);
        Given.Accepted(good);

        for (var at = 0; at < good.Length; at++)
        {
            foreach (var flip in (ReadOnlySpan<byte>)[0x01, 0x20, (byte)random.Next(2, 256)])
            {
                var changed = good.ToArray();
                changed[at] ^= flip;
                if (Given.Verify(changed) is Verification.Refused refused)
                    codes.Add(refused.Rejection.Code);
                else
                    accepted.Add((at, flip));
            }
        }

        Assert.Empty(accepted);
        Assert.Superset(new HashSet<string>(["SIG_BAD", "SIG_UNTRUSTED", "ENV_JSON", "ENV_CASE_VARIANT", "ENV_BASE64"]), codes);
    }

    [Fact]
    public void No_certificate_survives_being_cut_short_or_having_a_byte_taken_out()
    {
        var good = Given.Issued();

        for (var at = 0; at < good.Length; at += 3)
        {
            Assert.IsType<Verification.Refused>(Given.Verify(good[..at]));
            Assert.IsType<Verification.Refused>(Given.Verify([.. good[..at], .. good[(at + 1)..]]));
        }
    }

    [Fact]
    public void No_garbage_does_anything_but_get_refused()
    {
        var (good, random) = (Given.Issued(), new Random(Seed));

        for (var round = 0; round < 2000; round++)
        {
            var changed = good.ToArray();
            for (var i = random.Next(1, 20); i > 0; i--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            Assert.IsType<Verification.Refused>(Given.Verify(changed));
        }
    }
}
