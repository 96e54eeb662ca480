using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Adaptation.Core;
using FsCheck;
using FsCheck.Fluent;
using Outcome = Adaptation.Core.Outcome;

namespace Adaptation.Certificates.Tests;

/// <summary>The files of an evidence bundle: what is written reads back, and nothing else is read.</summary>
public sealed class FormatTests
{
    private static readonly Plan FullPlan = Bundle.Plan with
    {
        Declared = new Declaration(1, 2, ImmutableSortedDictionary<int, long>.Empty.Add(1, 5).Add(10, 7), 3, "8b", 4, 6, 8, 9, 512, Deterministic: true, BatchInvariant: true, EnergyMicrojoules: 10, Pue: new(1250, "operator", "2025")),
        RequiredVersions = ["driver"],
        DeclaredVersions = ImmutableSortedDictionary<string, string>.Empty.Add("driver", "25.2.0"),
        HardeningExceptions = ImmutableSortedDictionary<string, string>.Empty.Add("readonly", "厂商工具要写 /tmp 😀 \"quoted\" \\ \u0001"),
    };

    [Fact]
    public void A_plan_reads_back_as_it_was()
    {
        foreach (var plan in (ReadOnlySpan<Plan>)[FullPlan, Bundle.Plan, Bundle.Plan with { Golden = Bundle.Plan.Golden with { Charset = null } }])
        {
            var written = PlanFile.Write(plan);

            var read = PlanFile.Read(written);

            Assert.Equal(written, PlanFile.Write(read));
            Assert.Equal(plan.HardeningExceptions, read.HardeningExceptions);
            Assert.Equal(plan.Declared.LatencyP99Micros, read.Declared.LatencyP99Micros);
            Assert.Equal(plan.Declared with { LatencyP99Micros = null }, read.Declared with { LatencyP99Micros = null });
            Assert.Equal(plan.Golden.Lines[0].Shape, read.Golden.Lines[0].Shape);
            Assert.Equal(plan.Golden.Charset, read.Golden.Charset);
        }
    }

    [Fact]
    public void Golden_lines_keep_their_type_and_tolerance_and_those_of_older_plans_are_float32()
    {
        var line = new GoldenLine("one/label", "golden/one.1.gz", [], "") { DataType = "INT64", AtolPpb = 0 };
        var plan = FullPlan with { Golden = FullPlan.Golden with { Lines = [Bundle.Plan.Golden.Lines[0], line] } };

        var read = PlanFile.Read(PlanFile.Write(plan)).Golden.Lines;

        Assert.Equal(("FP32", (long?)null), (read[0].DataType, read[0].AtolPpb));
        Assert.Equal(("INT64", (long?)0), (read[1].DataType, read[1].AtolPpb));
        Assert.DoesNotContain("datatype", Encoding.UTF8.GetString(PlanFile.Write(Bundle.Plan)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_long_texts_of_a_language_model_read_back_as_they_were()
    {
        var document = new GoldenDocument("long-8-1", [1, 2, 3, 4, 5, 6, 7, 8], "golden/logits/long-8-1.f32.gz");
        var text = new TextGolden { Precision = PrecisionClass.Bits16, VocabularySize = 9, Documents = [document], Long = new(8, [new(document, [3, 6])]) };

        var read = PlanFile.Read(PlanFile.Write(FullPlan with { Text = text })).Text!.Long!;

        Assert.Equal(8, read.Window);
        Assert.Equal(document.Tokens, read.Sequences.Single().Document.Tokens);
        Assert.Equal("long-8-1 golden/logits/long-8-1.f32.gz", $"{read.Sequences[0].Document.Id} {read.Sequences[0].Document.Logits}");
        Assert.Equal([3, 6], read.Sequences[0].Retrieved);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_exact_layers_of_a_model_read_back_as_they_were(bool stacked)
    {
        var plan = FullPlan with { Layers = new(stacked, [new("layer-01", "p2o.Add.15", "zh-12", "golden/layers/layer-01.f32.gz", [1, 2, 3])]) };

        var read = PlanFile.Read(PlanFile.Write(plan)).Layers!;

        Assert.Equal(stacked, read.Stacked);
        Assert.Equal([1, 2, 3], read.Tensors.Single().Shape);
        Assert.Equal(plan.Layers.Tensors[0] with { Shape = default }, read.Tensors[0] with { Shape = default });
        Assert.Null(PlanFile.Read(PlanFile.Write(FullPlan)).Layers);
    }

    [Theory]
    [InlineData("\"stacked\":true", "\"stacked\":1")]
    [InlineData("\"stacked\":true,", "")]
    [InlineData("\"name\":\"t\",", "")]
    [InlineData("\"name\":\"t\"", "\"name\":\"t\",\"more\":1")]
    [InlineData("\"shape\":[1]", "\"shape\":[\"1\"]")]
    public void Layers_that_are_not_what_they_should_be_are_refused(string from, string to)
    {
        var written = Encoding.UTF8.GetString(PlanFile.Write(FullPlan with { Layers = new(Stacked: true, [new("a", "t", "i", "p", [1])]) }));
        Assert.Contains(from, written, StringComparison.Ordinal);

        Given.Refuses("PLAN_MEMBER", () => PlanFile.Read(Encoding.UTF8.GetBytes(written.Replace(from, to, StringComparison.Ordinal))));
    }

    [Fact]
    public void The_pack_of_tool_prompts_is_named_or_left_out()
    {
        var text = new TextGolden { Precision = PrecisionClass.Bits16, VocabularySize = 9, Documents = [], Tools = "golden/tools.jsonl" };
        var without = PlanFile.Write(FullPlan with { Text = text with { Tools = null } });

        Assert.Equal("golden/tools.jsonl", PlanFile.Read(PlanFile.Write(FullPlan with { Text = text })).Text!.Tools);
        Assert.Null(PlanFile.Read(without).Text!.Tools);
        Assert.DoesNotContain("tools", Encoding.UTF8.GetString(without), StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_is_true_or_left_out()
    {
        var written = Encoding.UTF8.GetString(PlanFile.Write(FullPlan));

        Assert.DoesNotContain("deterministic", Encoding.UTF8.GetString(PlanFile.Write(FullPlan with { Declared = new() })), StringComparison.Ordinal);
        Given.Refuses("PLAN_MEMBER", () => PlanFile.Read(Encoding.UTF8.GetBytes(written.Replace("\"deterministic\":true", "\"deterministic\":false", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_declared_cache_is_written_and_none_is_left_out()
    {
        Assert.Equal("/var/cache/engine", PlanFile.Read(PlanFile.Write(FullPlan with { Cache = "/var/cache/engine" })).Cache);
        Assert.Null(PlanFile.Read(PlanFile.Write(FullPlan)).Cache);
        Assert.DoesNotContain("cache", Encoding.UTF8.GetString(PlanFile.Write(FullPlan)), StringComparison.Ordinal);
    }

    [Fact]
    public void Planned_devices_are_written_and_none_are_left_out()
    {
        var devices = new DevicePlan(["/dev/chip0"], Facts("/dev/chip0", "c 240:0"), Facts("/dev/chip1", "c 240:1"))
        {
            Optional = Facts("/dev/chip_video", "c 242:0"),
            Behind = Facts("/dev/chip0", "0000:c1:00.0 19e5:d802"),
            Units = Facts("0", "0000:c1:00.0"),
            PciId = "19e5:d802",
        };

        var read = PlanFile.Read(PlanFile.Write(FullPlan with { Devices = devices })).Devices!;

        Assert.Equal((devices.Given[0], "c 240:0", "c 240:1"), (Assert.Single(read.Given), read.Inside["/dev/chip0"], read.Beside["/dev/chip1"]));
        Assert.Equal(("c 242:0", "0000:c1:00.0 19e5:d802", "0000:c1:00.0", "19e5:d802"), (read.Optional["/dev/chip_video"], read.Behind["/dev/chip0"], read.Units["0"], read.PciId));
        Assert.Null(PlanFile.Read(PlanFile.Write(FullPlan)).Devices);
        Given.Refuses("PLAN_MEMBER", () => PlanFile.Read(Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(PlanFile.Write(FullPlan with { Devices = devices })).Replace("\"beside\"", "\"besides\"", StringComparison.Ordinal))));

        static ImmutableSortedDictionary<string, string> Facts(string name, string device) => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(name, device)]);
    }

    [Fact]
    public void Text_of_any_script_is_written_as_it_is()
    {
        var written = Encoding.UTF8.GetString(PlanFile.Write(FullPlan));

        Assert.Contains("厂商工具要写 /tmp 😀 \\\"quoted\\\" \\\\ \\u0001", written, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_series_read_back_and_a_failed_request_stays_one()
    {
        var samples = Enumerable.Range(0, 100_000).Select(i => i % 100 == 99 ? long.MaxValue : 20_000_000L + i).ToImmutableArray();
        var measurement = new Measurement { Check = "PERF-01", Series = [new Series("latency", "ns", samples)], BrokenOff = "died" };
        var watch = Stopwatch.StartNew();

        var read = MeasurementFile.Read(MeasurementFile.Write(measurement));

        TestContext.Current.TestOutputHelper?.WriteLine($"100,000 samples written and read in {watch.Elapsed.TotalMilliseconds:0.0} ms");
        Assert.Equal(samples, read.Samples("latency"));
        Assert.Equal("died", read.BrokenOff);
    }

    [Fact]
    public void Verdicts_read_back_as_they_were()
    {
        var judgement = new Judgement(Outcome.Incomplete, Level.None, ["suite quick: L2"],
        [
            new Finding("A-1", new Verdict.Pass(), [new Figure("f", "ns", -1, 2, long.MaxValue, 4)]) { Note = new("reported only", "仅报告") },
            new Finding("A-2", new Verdict.Fail("9 毫秒", "5 ms"), []),
            new Finding("A-3", new Verdict.Inconclusive("more"), []),
            new Finding("A-4", new Verdict.NotApplicable("no text"), []),
        ]);

        var read = VerdictsFile.Read(VerdictsFile.Write(judgement));

        Assert.Equal(VerdictsFile.Write(judgement), VerdictsFile.Write(read));
        Assert.Equal(judgement.Findings.Select(finding => finding.Verdict), read.Findings.Select(finding => finding.Verdict));
        Assert.Equal(judgement.Findings[0].Figures, read.Findings[0].Figures);
        Assert.Equal(judgement.Findings.Select(finding => finding.Note), read.Findings.Select(finding => finding.Note));
        Assert.Contains("\"note\":{\"en\":\"reported only\",\"zh\":\"仅报告\"}", Encoding.UTF8.GetString(VerdictsFile.Write(judgement)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"facts\":{},\"series\":[],\"tensors\":[],\"more\":1}", "MEASUREMENT_MEMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v2\",\"check\":\"A\",\"facts\":{},\"series\":[],\"tensors\":[]}", "MEASUREMENT_MEMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"facts\":{},\"series\":[]}", "MEASUREMENT_MEMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"facts\":{\"a\":1},\"series\":[],\"tensors\":[]}", "MEASUREMENT_MEMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"facts\":{},\"series\":[{\"name\":\"a\",\"unit\":\"ns\",\"samples\":[1.5]}],\"tensors\":[]}", "MEASUREMENT_NUMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"facts\":{},\"series\":[{\"name\":\"a\",\"unit\":\"ns\",\"samples\":[\"1\"]}],\"tensors\":[]}", "MEASUREMENT_MEMBER")]
    [InlineData("{\"schema\":\"adaptation.measurement/v1\",\"check\":\"A\",\"check\":\"B\",\"facts\":{},\"series\":[],\"tensors\":[]}", "MEASUREMENT_DUP_KEY")]
    public void A_measurement_in_another_form_is_refused(string file, string code) =>
        Given.Refuses(code, () => MeasurementFile.Read(Encoding.UTF8.GetBytes(file)));

    [Fact]
    public void Whatever_stands_in_a_file_a_reader_throws_nothing_but_a_rejection()
    {
        byte[][] files = [PlanFile.Write(FullPlan), VerdictsFile.Write(new Judgement(Outcome.Certified, Level.L1, [], [])), SessionFile.Write(new Session("r", Given.Challenge)), Given.Trust.Write()];
        Action<byte[]>[] readers = [file => PlanFile.Read(file), file => VerdictsFile.Read(file), file => SessionFile.Read(file), file => TrustStore.Read(file)];

        for (var kind = 0; kind < files.Length; kind++)
        {
            for (var seed = 0; seed < 1000; seed++)
            {
                var (random, changed) = (new Random(seed), files[kind].ToArray());
                for (var i = random.Next(1, 4); i > 0; i--)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                var refused = Record.Exception(() => readers[kind](changed));
                Assert.True(refused is null or RejectedException, $"kind {kind}, seed {seed}: {refused}");
            }
        }
    }

    [Fact]
    public void A_lock_has_one_spelling()
    {
        var stack = new CombinationLock(Given.Combination, CanonicalValue.Object.Of(("b", 1), ("a", "x")));
        var text = Encoding.UTF8.GetString(stack.ToBytes());

        Assert.StartsWith("{\"combination\":{\"accelerator\":{\"count\":8,\"displayName\":\"昇腾 910B3\",\"model\":", text, StringComparison.Ordinal);
        Assert.EndsWith("\"detail\":{\"a\":\"x\",\"b\":1},\"schema\":\"hwcert.lock/v1\"}\n", text, StringComparison.Ordinal);
        Assert.Equal(text, Encoding.UTF8.GetString(CombinationLock.Read(Encoding.UTF8.GetBytes(text)).ToBytes()));
        void Refuses(string code, string changed) => Given.Refuses(code, () => CombinationLock.Read(Encoding.UTF8.GetBytes(changed)));
        Refuses("LOCK_FORMAT", text.TrimEnd('\n'));
        Refuses("LOCK_FORMAT", text + "\n");
        Refuses("LOCK_FORMAT", text.Replace(":8", ": 8", StringComparison.Ordinal));
        Refuses("LOCK_FORMAT", text.Replace("{\"a\":\"x\",\"b\":1}", "{\"b\":1,\"a\":\"x\"}", StringComparison.Ordinal));
        Refuses("LOCK_FORMAT", text.Replace("bf16", "bf1\\u0036", StringComparison.Ordinal));
        Refuses("LOCK_MEMBER", text.Replace("\"bf16\"", "null", StringComparison.Ordinal));
        Refuses("LOCK_TEXT", text.Replace("bf16", "ｂf16", StringComparison.Ordinal));
        Refuses("LOCK_CASE_VARIANT", text.Replace("\"detail\"", "\"Detail\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Integers_that_readers_would_round_are_not_written()
    {
        Assert.Equal("9007199254740991"u8, new CanonicalValue.Integer((1L << 53) - 1).ToBytes());
        Assert.Throws<ArgumentOutOfRangeException>(() => new CanonicalValue.Integer(1L << 53).ToBytes());
        Assert.Throws<ArgumentOutOfRangeException>(() => new CanonicalValue.Integer(-(1L << 53)).ToBytes());
    }

    [Fact]
    public void Base64_of_any_bytes_is_read_back_and_only_that() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var text = StrictBase64.Encode(bytes);
            var urlSafe = text.Replace('+', '-').Replace('/', '_');

            return bytes.AsSpan().SequenceEqual(StrictBase64.TryDecode(text))
                && bytes.AsSpan().SequenceEqual(StrictBase64.TryDecode(urlSafe))
                && (text.Length == 0 || StrictBase64.TryDecode(text[..^1]) is null);
        }).QuickCheckThrowOnFailure();
}
