using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Adaptation.Adapters.Abstractions;

/// <summary>Chooses next tokens, in float64. One caller at a time: it keeps memory for V values between calls.</summary>
/// <remarks>
/// The same logits, rules, stream and place give the same token on any machine: the random numbers are counted (Philox4x32-10, key the
/// seed, counter stream and place), and nothing is computed that machines round differently. See <see cref="SamplingSpec"/> for the steps.
/// </remarks>
/// <param name="size">V: number of token ids.</param>
public sealed class Sampler(int size)
{
    /// <summary>Weights that are summed at a time; the draw skips whole blocks.</summary>
    private const int Block = 1024;

    private const int Lanes = 4;

    /// <summary>Keeps rounding from dropping an id that top-p would reach.</summary>
    private const double Margin = 1 - 1e-9;

    private readonly double[] _values = new double[size];

    private readonly double[] _sums = new double[(size + Block - 1) / Block];

    private readonly List<Candidate> _candidates = [];

    /// <summary>Draws the next token and records it.</summary>
    /// <param name="logits">V values; minus infinity for an id that cannot follow.</param>
    /// <param name="forbidden">Ids that must not be drawn now, or null.</param>
    /// <exception cref="AdapterException">A logit is NaN or plus infinity, or no id is left: no distribution can be made of that.</exception>
    /// <exception cref="ArgumentException">There are not V logits.</exception>
    public int Draw(ReadOnlySpan<float> logits, SampledSequence sequence, IReadOnlySet<int>? forbidden)
    {
        if (logits.Length != size)
            throw new ArgumentException($"{logits.Length} logits for {size} token ids", nameof(logits));
        var token = Choose(logits, sequence, forbidden);
        sequence.Record(token);
        return token;
    }

    private int Choose(ReadOnlySpan<float> logits, SampledSequence sequence, IReadOnlySet<int>? forbidden)
    {
        var spec = sequence.Spec;
        var isPlain = spec.Bias.IsEmpty && forbidden is null && (sequence.Counts is null || sequence.Counts.Count == 0);
        var largest = Logits.Largest(logits);
        if (isPlain && spec.Temperature == 0)
            return First(logits, largest);

        Widen(logits, _values);
        double top = largest;
        if (!isPlain)
        {
            Adjust(sequence, forbidden);
            top = Logits.Largest(_values);
        }
        if (spec.Temperature == 0)
            return Array.IndexOf(_values, top);
        var uniform = sequence.NextUniform;
        if (spec.TopK > 0 && spec.TopK < size)
        {
            TakeLargest(spec.TopK);
            var total = WeighCandidates(top, spec.Temperature);
            return DrawCandidate(total, spec.TopP, uniform);
        }
        var sum = WeighAll(top, spec.Temperature);
        if (spec.TopP >= 1)
            return DrawAny(sum, uniform);
        TakeProbable((1 - spec.TopP) * sum / size * Margin);
        return DrawCandidate(sum, spec.TopP, uniform);
    }

    /// <summary>Searches by bits, which is many times faster; only zero has two spellings.</summary>
    private static int First(ReadOnlySpan<float> logits, float value) => value == 0
        ? logits.IndexOf(value)
        : MemoryMarshal.Cast<float, int>(logits).IndexOf(BitConverter.SingleToInt32Bits(value));

    private static void Widen(ReadOnlySpan<float> logits, Span<double> values)
    {
        var index = 0;
        for (; index <= logits.Length - (2 * Lanes); index += 2 * Lanes)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Create(logits.Slice(index, 2 * Lanes)));
            lower.CopyTo(values[index..]);
            upper.CopyTo(values[(index + Lanes)..]);
        }
        for (; index < logits.Length; index++)
            values[index] = logits[index];
    }

    private void Adjust(SampledSequence sequence, IReadOnlySet<int>? forbidden)
    {
        var spec = sequence.Spec;
        foreach (var (id, bias) in spec.Bias)
            _values[id] += bias;
        foreach (var (id, count) in sequence.Counts ?? System.Collections.Frozen.FrozenDictionary<int, int>.Empty)
            _values[id] -= spec.PresencePenalty + (spec.FrequencyPenalty * count);
        foreach (var id in forbidden ?? System.Collections.Frozen.FrozenSet<int>.Empty)
            _values[id] = double.NegativeInfinity;
    }

    /// <summary>Turns values into weights e^((value - top) / temperature).</summary>
    /// <returns>Their sum; the sums of the blocks are kept.</returns>
    private double WeighAll(double top, double temperature)
    {
        var total = 0.0;
        for (var block = 0; block < _sums.Length; block++)
        {
            var values = _values.AsSpan(block * Block, Math.Min(Block, size - (block * Block)));
            total += _sums[block] = Weigh(values, top, temperature);
        }
        return total;
    }

    private static double Weigh(Span<double> values, double top, double temperature)
    {
        var (sums, index) = (Vector256<double>.Zero, 0);
        for (; index <= values.Length - Lanes; index += Lanes)
        {
            var weights = StableExp.Of((Vector256.Create(values.Slice(index, Lanes)) - Vector256.Create(top)) / Vector256.Create(temperature));
            weights.CopyTo(values[index..]);
            sums += weights;
        }
        var sum = (sums[0] + sums[1]) + (sums[2] + sums[3]); // in this order on every machine
        for (; index < values.Length; index++)
            sum += values[index] = StableExp.Of((values[index] - top) / temperature);
        return sum;
    }

    private int DrawAny(double total, double uniform)
    {
        var (left, block) = (uniform * total, 0);
        for (; block < _sums.Length - 1 && left >= _sums[block]; block++)
            left -= _sums[block];
        while (_sums[block] == 0)
            block--; // the sum was rounded up past the last weight
        var (start, last) = (block * Block, -1);
        for (var id = start; id < Math.Min(start + Block, size); id++)
        {
            if (_values[id] == 0)
                continue;
            last = id;
            left -= _values[id];
            if (left < 0)
                break;
        }
        return last;
    }

    /// <summary>Keeps the k largest values, largest first, of equals the lowest ids.</summary>
    private void TakeLargest(int k)
    {
        _candidates.Clear();
        var heap = _candidates;
        for (var id = 0; id < size; id++)
        {
            var value = _values[id];
            if (heap.Count < k)
            {
                heap.Add(new(id, value));
                if (heap.Count == k)
                    heap.Sort(Candidate.LeastFirst); // a sorted array is a heap
            }
            else if (value > heap[0].Weight)
            {
                Sink(CollectionsMarshal.AsSpan(heap), new(id, value));
            }
        }
        heap.Sort(Candidate.MostFirst);
    }

    private static void Sink(Span<Candidate> heap, Candidate entry)
    {
        var at = 0;
        for (int child; (child = (2 * at) + 1) < heap.Length; at = child)
        {
            if (child + 1 < heap.Length && Candidate.MostFirst(heap[child], heap[child + 1]) < 0)
                child++;
            if (Candidate.MostFirst(entry, heap[child]) > 0)
                break;
            heap[at] = heap[child];
        }
        heap[at] = entry;
    }

    private double WeighCandidates(double top, double temperature)
    {
        var total = 0.0;
        foreach (ref var candidate in CollectionsMarshal.AsSpan(_candidates))
        {
            candidate = candidate with { Weight = StableExp.Of((candidate.Weight - top) / temperature) };
            total += candidate.Weight;
        }
        return total;
    }

    /// <summary>Keeps the ids above a weight, heaviest first.</summary>
    /// <param name="floor">Ids below it weigh less together than what top-p leaves out, so none of them is in its set.</param>
    private void TakeProbable(double floor)
    {
        _candidates.Clear();
        for (var id = 0; id < size; id++)
        {
            if (_values[id] >= floor)
                _candidates.Add(new(id, _values[id]));
        }
        _candidates.Sort(Candidate.MostFirst);
    }

    private int DrawCandidate(double total, double topP, double uniform)
    {
        var (kept, sum) = (0, 0.0);
        foreach (var candidate in _candidates)
        {
            if (candidate.Weight == 0 || (kept > 0 && topP < 1 && sum >= topP * total))
                break;
            sum += candidate.Weight;
            kept++;
        }
        var left = uniform * sum;
        for (var index = 0; index < kept - 1; index++)
        {
            left -= _candidates[index].Weight;
            if (left < 0)
                return _candidates[index].Id;
        }
        return _candidates[kept - 1].Id;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Candidate(int Id, double Weight)
    {
        public static int MostFirst(Candidate a, Candidate b) => a.Weight != b.Weight ? b.Weight.CompareTo(a.Weight) : a.Id.CompareTo(b.Id);

        public static int LeastFirst(Candidate a, Candidate b) => MostFirst(b, a);
    }
}
