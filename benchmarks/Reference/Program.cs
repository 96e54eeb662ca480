using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using Adaptation.Benchmarks.Reference;
using Adaptation.Models;

// Times the exact reference: one pass of 512 tokens, and greedy continuations of the small shape. `small` leaves the large shape out.
DecoderShape tinyPoet = new()
{
    Architecture = DecoderArchitecture.Qwen2,
    VocabularySize = 4096,
    HiddenSize = 128,
    IntermediateSize = 384,
    Layers = 6,
    AttentionHeads = 4,
    KeyValueHeads = 2,
    HeadSize = 32,
    NormEpsilon = 1e-6,
    RopeTheta = 10_000,
    MaxPositions = 512,
    TiedEmbeddings = true,
};
var qwen = tinyPoet with
{
    VocabularySize = 151_936,
    HiddenSize = 896,
    IntermediateSize = 4864,
    Layers = 24,
    AttentionHeads = 14,
    HeadSize = 64,
    RopeTheta = 1_000_000,
};

Print($"{Environment.ProcessorCount} cores; 512-bit vectors {(Vector512.IsHardwareAccelerated ? "in hardware" : "emulated")}; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
var poet = Pass("tiny-poet shape", tinyPoet);
var prompts = Stopwatch.StartNew();
for (var prompt = 0; prompt < 20; prompt++)
    poet.Continue([prompt, 17, 3, 99, 1024, 5, 6, 7], 256, new HashSet<int>(), CancellationToken.None);
Print($"20 prompts of 8 tokens continued by 256: {prompts.Elapsed.TotalSeconds:0.00} s");
if (args is not ["small"])
    Pass("Qwen2.5-0.5B shape", qwen);

static ExactDecoder Pass(string name, DecoderShape shape)
{
    var watch = Stopwatch.StartNew();
    var decoder = new ExactDecoder(shape, DrawnWeights.Of(shape));
    var loaded = watch.Elapsed;
    int[] ids = [.. Enumerable.Range(0, 512).Select(i => (i * 7919) % shape.VocabularySize)];
    foreach (var run in new[] { "first", "second" })
    {
        watch.Restart();
        var sum = 0.0;
        decoder.Logits(ids, (_, logits) => sum += logits[0], CancellationToken.None);
        Print($"{name}, {run} pass of 512 tokens: {watch.Elapsed.TotalSeconds:0.00} s, weights taken in {loaded.TotalSeconds:0.00} s (sum of first logits {sum:0.000000})");
    }

    return decoder;
}

static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
