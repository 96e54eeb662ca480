using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class GoldenTests
{
    [Fact]
    public void What_a_run_is_told_reads_as_its_golden_file_says()
    {
        var standard = Given.Standard(Clauses.DeployRemove, Clauses.VersionCapture);
        var deployed = Given.Measurement("OPS-01", Given.Counts("residue", 1), Given.Counts("manual_steps", 0)) with { Facts = Given.Facts(("residue.1", "volume cache")) };

        var judgement = Judge.Run(standard, new(Given.Plan with { Caps = ["development key: L1"] }, [deployed], InMemoryFiles.Empty));

        Golden.Match("rejected.txt", string.Join('\n', [$"{judgement.Outcome}, {judgement.Level}", .. judgement.Caps, .. judgement.Findings.Select(finding => $"{finding.Check}: {finding.Verdict}"), ""]));
    }

    [Fact]
    public void A_text_that_differs_is_shown_where_it_differs()
    {
        if (Environment.GetEnvironmentVariable("ACCEPT") == "1")
            return; // the very run that rewrites golden files must not rewrite one with this text

        var error = Assert.Throws<GoldenMismatchException>(() => Golden.Match("rejected.txt", "Certified, L5\n"));

        Assert.Contains("line 1 is 'Certified, L5', expected 'Rejected, None'", error.Message, StringComparison.Ordinal);
    }
}
