using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases F1, F2, F3, F6 and F9 of the design, and the recomputation of every verdict.</summary>
public sealed class EvidenceVerifierTests
{
    [Fact]
    public void Control_a_bundle_is_accepted_with_the_certificate_for_it()
    {
        using var bundle = new Bundle();
        var certificate = bundle.Seal();

        var accepted = Assert.IsType<EvidenceVerification.Accepted>(bundle.Verify(certificate));

        Assert.IsType<Verdict.Pass>(accepted.Recomputed.Finding("COR-01").Verdict);
    }

    [Fact]
    public void F1_evidence_of_another_run_is_refused()
    {
        using var bundle = new Bundle();
        using var other = new Bundle();
        bundle.Seal();
        other.Measure("COR-01", 1, 2);

        bundle.Refuses("EVD_MANIFEST", other.Seal());
        File.Delete(bundle.Folder + ".manifest");
        bundle.Refuses("EVD_MANIFEST", other.Seal());
    }

    [Fact]
    public void F2_a_file_that_is_gone_added_or_changed_is_refused()
    {
        using var bundle = new Bundle();
        var certificate = bundle.Seal();

        File.WriteAllText(bundle["extra"], "");
        bundle.Refuses("EVD_EXTRA", certificate);
        File.Move(bundle["extra"], bundle["outputs/line-1.f32"], overwrite: true);
        bundle.Refuses("EVD_DIGEST", certificate);
        File.Delete(bundle["outputs/line-1.f32"]);
        bundle.Refuses("EVD_MISSING", certificate);
    }

    [Fact]
    public void A_file_that_the_layout_or_a_measurement_needs_must_be_there()
    {
        foreach (var path in (ReadOnlySpan<string>)["outputs/line-1.f32", "golden/charset.txt", "run/session.json", "lock-after.json", "plan.json", "verdicts.json"])
        {
            using var bundle = new Bundle();
            bundle.Refuses("EVD_MISSING", bundle.Seal(damage: () => File.Delete(bundle[path])));
        }
    }

    [Fact]
    public void F6_a_stack_that_changed_during_the_run_is_refused()
    {
        using var bundle = new Bundle();

        bundle.Refuses("LOCK_CHANGED", bundle.Seal(damage: () => bundle.Replace("lock-after.json", "0.9.1", "0.9.2")));
    }

    [Fact]
    public void The_lock_the_predicate_and_the_subject_agree()
    {
        using var bundle = new Bundle();

        bundle.Refuses("LOCK_PREDICATE", bundle.Seal(change: content => content with { Combination = CanonicalValue.Object.Of(("precision", "fp32")) }));
        bundle.Refuses("STM_DIGEST_MISMATCH", bundle.Seal(change: content => content with { Lock = content.Lock with { Sm3 = new string('0', 64) } }));
        bundle.Refuses("STM_DIGEST_MISMATCH", bundle.Seal(change: content => content with { Lock = content.Lock with { Sha256 = new string('0', 64) } }));
    }

    [Fact]
    public void A_golden_file_is_the_one_that_was_locked_before_the_run()
    {
        using var bundle = new Bundle();

        bundle.Refuses("EVD_GOLDEN", bundle.Seal(damage: () => File.WriteAllBytes(bundle["golden/line-1.f32.gz"], [9])));
    }

    [Fact]
    public void A_pack_of_tool_prompts_is_the_one_that_was_locked_before_the_run()
    {
        using var bundle = new Bundle();
        File.WriteAllText(bundle["golden/tools.jsonl"], "another pack");
        File.WriteAllBytes(bundle["plan.json"], PlanFile.Write(Bundle.Plan with { Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = 9, Documents = [], Tools = "golden/tools.jsonl" } }));

        bundle.Refuses("EVD_GOLDEN", bundle.Seal());
    }

    [Fact]
    public void Exact_values_of_layers_and_of_long_sequences_are_those_that_were_locked_before_the_run()
    {
        var layers = new LayerPlan(Stacked: false, [new("layer-01", "t", "line-1", "golden/layers/layer-01.f32.gz", [1])]);
        var window = new LongContextPlan(1, [new(new("long-1", [1], "golden/logits/long-1.f32.gz"), [])]);
        Plan[] plans =
        [
            Bundle.Plan with { Layers = layers },
            Bundle.Plan with { Text = new() { Precision = PrecisionClass.Bits16, VocabularySize = 9, Documents = [], Long = window } },
        ];
        foreach (var plan in plans)
        {
            using var bundle = new Bundle();
            foreach (var path in (string[])["golden/layers/layer-01.f32.gz", "golden/logits/long-1.f32.gz"])
            {
                Directory.CreateDirectory(Path.GetDirectoryName(bundle[path])!);
                File.WriteAllBytes(bundle[path], [1]);
            }

            File.WriteAllBytes(bundle["plan.json"], PlanFile.Write(plan));

            bundle.Refuses("EVD_GOLDEN", bundle.Seal());
        }
    }

    [Fact]
    public void F9_a_journal_that_was_broken_or_cut_off_is_refused()
    {
        foreach (var (code, damage) in new (string, Func<string, string>)[]
        {
            ("JOURNAL_TRUNCATED", text => text[..(text.IndexOf('\n') + 1)]),
            ("JOURNAL_TRUNCATED", text => text[..^1]),
            ("JOURNAL_CHAIN", text => text.Replace("\"seq\":1", "\"seq\":2", StringComparison.Ordinal)),
            ("JOURNAL_CHAIN", text => text.Replace("PERF-01", "PERF-02", StringComparison.Ordinal)),
            ("JOURNAL_CHAIN", text => text + "{\"torn"),
        })
        {
            using var bundle = new Bundle();
            var path = bundle["run/events.jsonl"];
            bundle.Refuses(code, bundle.Seal(damage: () => File.WriteAllText(path, damage(File.ReadAllText(path)))));
        }
    }

    [Fact]
    public void F9_a_journal_that_goes_on_after_the_certificate_is_refused()
    {
        using var bundle = new Bundle();

        bundle.Refuses("JOURNAL_CHAIN", bundle.Seal(damage: () => bundle.Measure("COR-01", 1)));
    }

    [Fact]
    public void A_measurement_that_the_journal_did_not_see_is_refused()
    {
        using var swapped = new Bundle();
        using var dropped = new Bundle();
        using var added = new Bundle();

        swapped.Refuses("EVD_JOURNAL", swapped.Seal(damage: () => swapped.Replace("measurements/COR-01.json", "900", "901")));
        dropped.Refuses("EVD_JOURNAL", dropped.Seal(damage: () => File.Delete(dropped["measurements/PERF-01.json"])));
        added.Refuses("EVD_JOURNAL", added.Seal(damage: () => File.WriteAllBytes(
            added["measurements/COR-02.json"], MeasurementFile.Write(new Measurement { Check = "COR-02" }))));
    }

    [Fact]
    public void A_measurement_lies_under_its_own_name()
    {
        using var bundle = new Bundle();

        bundle.Refuses("EVD_PATH", bundle.Seal(damage: () => File.Copy(bundle["measurements/COR-01.json"], bundle["measurements/COR-02.json"])));
    }

    [Fact]
    public void The_last_measurement_of_a_check_counts()
    {
        using var bundle = new Bundle();
        bundle.Measure("COR-01", 7);

        Assert.IsType<EvidenceVerification.Accepted>(bundle.Verify(bundle.Seal()));
    }

    [Fact]
    public void Session_and_plan_are_those_of_the_certificate()
    {
        using var bundle = new Bundle();

        bundle.Refuses("SESSION_MIXED", bundle.Seal(damage: () => bundle.Replace("run/session.json", "run-17", "run-18")));
        bundle.Refuses("EVD_PLAN", bundle.Seal(damage: () => bundle.Replace("plan.json", "run-17", "run-18")));
        bundle.Refuses("PLAN_MEMBER", bundle.Seal(damage: () => bundle.Replace("plan.json", "\"caps\"", "\"hats\"")));
    }

    [Fact]
    public void Another_challenge_fits_no_journal()
    {
        using var bundle = new Bundle();
        var certificate = bundle.Seal(change: content => content with { Challenge = new string('0', 32) });
        bundle.Refuses("SESSION_MIXED", certificate);
    }

    [Fact]
    public void Another_standard_is_refused()
    {
        using var bundle = new Bundle();
        var other = Given.Standard with { Sha256 = new string('d', 64) };

        var refused = Assert.IsType<EvidenceVerification.Refused>(EvidenceVerifier.Verify(bundle.Seal(), bundle.Folder, other, Bundle.Judge));

        Assert.Equal("SUITE_UNKNOWN", refused.Rejection.Code);
        bundle.Refuses("SUITE_UNKNOWN", bundle.Seal(change: content => content with { Suite = content.Suite with { Name = "no such" } }));
    }

    [Fact]
    public void What_judging_again_does_not_give_is_refused()
    {
        using var bundle = new Bundle();
        void Differs(Func<Judgement, Judgement> change, VerifiedCertificate certificate) =>
            bundle.Refuses("RESULT_RECOMPUTED", certificate, (standard, evidence, waived) => change(Bundle.Judge(standard, evidence, waived)));

        var good = bundle.Seal();
        Differs(judgement => judgement with { Outcome = Outcome.Incomplete }, good);
        Differs(judgement => judgement with { Level = Level.L2 }, good);
        Differs(judgement => judgement with { Caps = [] }, good);
        Differs(judgement => judgement with { Findings = judgement.Findings.RemoveAt(0) }, good);
        Differs(_ => throw new KeyNotFoundException("no limit"), good);
        Differs(judgement => judgement, bundle.Seal(change: content => content with { Caps = [] }));
        Differs(judgement => judgement, bundle.Seal(change: content => content with { Results = content.Results.RemoveAt(2) }));
        Differs(judgement => judgement, bundle.Seal(change: content => content with
        {
            Results = content.Results.SetItem(0, content.Results[0] with { Figures = [new Figure("worst", "ns", 899)] }),
        }));
        Differs(judgement => judgement, bundle.Seal(damage: () => bundle.Replace("verdicts.json", "\"L1\"", "\"L2\"")));
    }

    [Fact]
    public void A_waiver_counts_only_where_judging_the_evidence_again_grants_it()
    {
        using var bundle = new Bundle();
        bundle.Measure("COR-01", 2000); // more than the limit: a failed must
        bundle.Measure("PERF-01", 5);
        var certificate = bundle.SealWaived("COR-01");
        var asked = new List<string>();
        Judgement Granting(Standard standard, Evidence evidence, System.Collections.Immutable.ImmutableArray<string> waived)
        {
            asked.AddRange(waived);
            return Bundle.Judge(standard, evidence, waived) with { Waived = waived };
        }

        Assert.IsType<EvidenceVerification.Accepted>(bundle.Verify(certificate, Granting));
        Assert.Equal(["COR-01"], asked); // once without, for verdicts.json, and once with
        bundle.Refuses("RESULT_RECOMPUTED", certificate); // a judge that grants nothing
        bundle.Refuses("RESULT_RECOMPUTED", certificate, (standard, evidence, waived) => Granting(standard, evidence, waived) with { Outcome = Outcome.Rejected });
    }

    [Fact]
    public void No_flipped_byte_anywhere_in_the_evidence_is_accepted()
    {
        using var bundle = new Bundle();
        var (certificate, random) = (bundle.Seal(), new Random(20261121));
        string[] files = [bundle.Folder + ".manifest", .. Directory.GetFiles(bundle.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

        for (var round = 0; round < 200; round++)
        {
            var path = files[round % files.Length];
            var good = File.ReadAllBytes(path);
            var changed = good.ToArray();
            changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(path, changed);

            bundle.Refuses(path == files[0] ? "EVD_MANIFEST" : "EVD_DIGEST", certificate);
            File.WriteAllBytes(path, good);
        }
        Assert.IsType<EvidenceVerification.Accepted>(bundle.Verify(certificate));
    }
}
