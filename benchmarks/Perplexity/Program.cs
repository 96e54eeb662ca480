using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Adaptation.Benchmarks.Perplexity;

// Holds the runner's perplexity, KL divergence and same-top share against llama-perplexity's own, on the same files and text.
// Usage: PROGRAM TOOLS BASE-GGUF CANDIDATE-GGUF TEXT [CONTEXT]; exit 0 if every printed digit agrees, 1 if one does not.
const int Tries = 20; // it does not wait for its own output at its end, and so loses the last lines now and then
if (args is not [var tools, var reference, var candidate, var text, .. var rest] || rest.Length > 1)
{
    Console.Error.WriteLine("usage: TOOLS BASE-GGUF CANDIDATE-GGUF TEXT [CONTEXT]; TOOLS is what build-llama-bench.sh makes");
    return 3;
}
var context = rest is [var given] ? given : "128";
var kept = Path.GetTempFileName();
try
{
    string[] common = ["-c", context, "-b", context, "-ub", context, "-t", "1", "-fa", "off", "--kl-divergence-base", kept];
    _ = Run("llama-perplexity", ["-m", reference, "-f", text, .. common]);
    var printed = "";
    for (var attempt = 0; attempt < Tries && !printed.Contains("Same top p:", StringComparison.Ordinal); attempt++)
        printed = Run("llama-perplexity", ["-m", candidate, "--kl-divergence", .. common]);
    var stored = new BaseLogits(kept);
    var (theirs, ours) = await Agreement.MeasureAsync(tools, reference, candidate, stored);
    Console.WriteLine($"{stored.Chunks} chunks of {stored.Context} tokens, {stored.Chunks * stored.Scored} positions scored; base {Path.GetFileName(reference)}, candidate {Path.GetFileName(candidate)}");
    Console.WriteLine();
    Console.WriteLine("| figure | llama-perplexity prints | its arithmetic on the adapter's logits | same digits | the runner's own scoring |");
    Console.WriteLine("|---|---|---|---|---|");
    (string Name, string Pattern, Func<Scores, double> Of)[] figures =
    [
        ("PPL", @"Mean PPL\(Q\) +: +([0-9.]+)", scores => scores.Perplexity),
        ("PPL of the base", @"Mean PPL\(base\) +: +([0-9.]+)", scores => scores.BasePerplexity),
        ("ln PPL ratio", @"Mean ln\(PPL\(Q\)/PPL\(base\)\) +: +(-?[0-9.]+)", scores => scores.LnRatio),
        ("mean KLD, nat", @"Mean +KLD: +([0-9.]+)", scores => scores.MeanDivergence),
        ("99.9 % KLD, nat", @"99\.9% +KLD: +([0-9.]+)", scores => scores.P999Divergence),
        ("same top, %", @"Same top p: +([0-9.]+)", scores => scores.SameTop),
    ];
    var differing = 0;
    foreach (var (name, pattern, of) in figures)
    {
        var shown = Regex.Match(printed, pattern, RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value;
        var format = $"F{shown.Length - shown.IndexOf('.', StringComparison.Ordinal) - 1}";
        var again = of(theirs).ToString(format, CultureInfo.InvariantCulture);
        differing += again == shown ? 0 : 1;
        Console.WriteLine($"| {name} | {shown} | {again} | {(again == shown ? "yes" : "**no**")} | {of(ours).ToString(format, CultureInfo.InvariantCulture)} |");
    }

    return differing == 0 ? 0 : 1;
}
finally
{
    File.Delete(kept);
}

string Run(string program, string[] arguments)
{
    var start = new ProcessStartInfo(Path.Combine(tools, program), arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
    using var process = Process.Start(start)!;
    var errors = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? output + errors.Result : throw new IOException($"{program} ended with {process.ExitCode}: {errors.Result}");
}
