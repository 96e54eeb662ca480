using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Core;

/// <summary>What one layer gave for one input, beside the exact values.</summary>
/// <param name="Layer">Place in the model, from 0.</param>
/// <param name="Channels">C: size of the axis along which a state's components lie.</param>
/// <param name="Inner">Elements from one channel to the next: 1, or height x width of a picture's tensor.</param>
/// <param name="Reference">Little-endian float32.</param>
/// <param name="Cosine">0 where it is not defined; then there is a problem.</param>
/// <param name="RelativeL2">||candidate - reference|| / ||reference||; infinite where the candidate is not finite.</param>
/// <param name="Problem">Why no cosine is defined, or null.</param>
internal sealed record LayerPair(
    int Layer, string Title, string Input, int Channels, int Inner, ReadOnlyMemory<byte> Reference, ReadOnlyMemory<byte> Candidate,
    double Cosine, double RelativeL2, string? Problem)
{
    private const int FarthestTurn = 8; // what is tried to name a fault costs no more than this many looks at one layer

    /// <summary>Reads an answer and scores each layer that it holds.</summary>
    /// <param name="answer">As the backend gave it.</param>
    /// <returns>A fail where the backend answered in the wrong form, inconclusive where the evidence lost something; null if all is well.</returns>
    public static Verdict? TryRead(LayerPlan plan, GoldenLayer golden, TensorFile answer, IBlobs files, ImmutableArray<LayerPair>.Builder to)
    {
        if (files.TryRead(answer.Path) is not { } candidate)
            return Invalid($"the evidence lacks {answer.Path}, the answer for {golden.Id}");
        if (answer.DataType != "FP32")
            return Wrong($"{golden.Id} is {answer.DataType}, not FP32");
        if (!answer.Shape.AsSpan().SequenceEqual(golden.Shape.AsSpan()) && !(plan.Stacked && answer.Shape.AsSpan().SequenceEqual([1, .. golden.Shape])))
            return Wrong($"{golden.Id} has the shape [{string.Join(',', answer.Shape)}], expected [{(plan.Stacked ? "1," : "")}{string.Join(',', golden.Shape)}]");
        if (GoldenTensor.Bytes(golden.Shape) != candidate.Length)
            return Invalid($"{answer.Path} has {candidate.Length} bytes, and its shape asks for {GoldenTensor.Bytes(golden.Shape)}");
        if (GoldenTensor.TryRead(new GoldenLine(golden.Id, golden.Expected, golden.Shape, Text: ""), candidate.Length, files, out var reference) is { } damaged)
            return Invalid(damaged);
        var count = plan.Stacked ? (int)golden.Shape[0] : 1;
        for (var at = 0; at < count; at++)
        {
            var pair = Score(plan, golden, at, Part(reference, at, count), Part(candidate, at, count));
            if (pair is null)
                return Invalid($"the exact values of {golden.Id} are not finite, or all 0, in layer {at}");
            to.Add(pair);
        }

        return null;
    }

    /// <summary>By how many channels the layer is rotated against the exact one, or null where no small rotation explains it.</summary>
    /// <param name="limit">The cosine that a rotated layer must be above to be called so.</param>
    public int? Turned(double limit)
    {
        if (Problem is not null)
            return null;
        var exact = Floats(Reference);
        var seen = Floats(Candidate);
        for (var by = 1; by <= Math.Min(FarthestTurn, Channels / 2); by++)
        {
            if (Against(exact, seen, by) > limit)
                return by;
            if (Against(exact, seen, -by) > limit)
                return -by;
        }

        return null;
    }

    private double Against(ReadOnlySpan<float> exact, ReadOnlySpan<float> seen, int by)
    {
        var (dot, ofExact, ofSeen) = (0.0, 0.0, 0.0);
        var block = Channels * Inner;
        var shift = ((by % Channels) + Channels) % Channels * Inner;
        for (var at = 0; at < seen.Length; at++)
        {
            var (start, place) = (at / block * block, at % block);
            var (e, s) = ((double)exact[start + ((place + block - shift) % block)], (double)seen[at]);
            (dot, ofExact, ofSeen) = (dot + (e * s), ofExact + (e * e), ofSeen + (s * s));
        }

        return dot / Math.Sqrt(ofExact * ofSeen);
    }

    /// <returns>Null where the reference itself cannot be compared with.</returns>
    private static LayerPair? Score(LayerPlan plan, GoldenLayer golden, int at, ReadOnlyMemory<byte> reference, ReadOnlyMemory<byte> candidate)
    {
        var layer = plan.Stacked ? at : plan.Tensors.IndexOf(golden);
        var title = plan.Stacked ? $"layer {at} of 0 to {golden.Shape[0] - 1}" : $"`{golden.Name}`, tensor {layer + 1} of {plan.Tensors.Length},";
        var (channels, inner) = golden.Shape is [_, var c, var h, var w] ? ((int)c, (int)(h * w)) : ((int)golden.Shape[^1], 1);
        var exact = Floats(reference);
        var seen = Floats(candidate);
        var (dot, ofExact, ofSeen, ofGap, strange) = (0.0, 0.0, 0.0, 0.0, -1);
        for (var i = 0; i < exact.Length; i++)
        {
            var (e, s) = ((double)exact[i], (double)seen[i]);
            if (!double.IsFinite(e))
                return null;
            strange = strange < 0 && !double.IsFinite(s) ? i : strange;
            (dot, ofExact, ofSeen, ofGap) = (dot + (e * s), ofExact + (e * e), ofSeen + (s * s), ofGap + ((e - s) * (e - s)));
        }

        if (ofExact == 0)
            return null;
        var problem = strange >= 0 ? FormattableString.Invariant($"{seen[strange]} at element {strange}") : ofSeen == 0 ? "all of it is 0" : null;
        return new(
            layer, title, golden.Input, channels, inner, reference, candidate, problem is null ? dot / (Math.Sqrt(ofExact) * Math.Sqrt(ofSeen)) : 0,
            strange >= 0 ? double.PositiveInfinity : Math.Sqrt(ofGap / ofExact), problem);
    }

    private static ReadOnlyMemory<byte> Part(ReadOnlyMemory<byte> whole, int at, int count) => whole.Slice(whole.Length / count * at, whole.Length / count);

    private static ReadOnlySpan<float> Floats(ReadOnlyMemory<byte> bytes) => MemoryMarshal.Cast<byte, float>(bytes.Span);

    private static Verdict.Inconclusive Invalid(string problem) => new($"invalid evidence: {problem}");

    private static Verdict.Fail Wrong(string seen) => new(seen, "FP32 tensors of the shape that the model gives, all of them finite");
}
