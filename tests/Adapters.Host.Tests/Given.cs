using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host.Tests;

internal static class Given
{
    /// <summary>Logits with a few ties, from whole numbers only, so that every machine has the same.</summary>
    public static float[] Logits(int size, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, size).Select(_ => random.Next(-48, 32) / 8f)];
    }
}

/// <summary>Distributions by their definitions, slowly.</summary>
internal static class Expected
{
    public static double[] Distribution(float[] logits, SamplingSpec spec, Dictionary<int, int> drawn)
    {
        var values = Array.ConvertAll(logits, value => (double)value);
        foreach (var (id, bias) in spec.Bias)
            values[id] += bias;
        foreach (var (id, count) in drawn)
            values[id] -= spec.PresencePenalty + (count * spec.FrequencyPenalty);
        var order = Enumerable.Range(0, values.Length).OrderByDescending(id => values[id]).ThenBy(id => id).ToList();
        if (spec.TopK > 0)
            order = [.. order.Take(spec.TopK)];
        var weights = order.Select(id => Math.Exp((values[id] - values[order[0]]) / spec.Temperature)).ToArray();
        var (kept, sum, total) = (0, 0.0, weights.Sum());
        while (kept < weights.Length && (kept == 0 || sum < spec.TopP * total))
            sum += weights[kept++];
        var result = new double[values.Length];
        for (var index = 0; index < kept; index++)
            result[order[index]] = weights[index] / sum;
        return result;
    }
}
