using System.Text;

namespace Adaptation.Models;

/// <summary>Random values of one input of one case: a function of seed, case and input alone, so that leaving cases out changes no other.</summary>
/// <remarks>Philox4x32-10 with key = seed and stream = 64-bit FNV-1a of <c>ID/INPUT</c>; words in the order of the counter, each used once.</remarks>
internal sealed class Draws(ulong seed, string id, string input)
{
    private readonly ulong _stream = Fnv1a($"{id}/{input}");
    private (uint X0, uint X1, uint X2, uint X3) _words;
    private ulong _used;

    /// <summary>Any 64 bits.</summary>
    public ulong Bits() => ((ulong)Word() << 32) | Word();

    /// <summary>0 to below 1, in steps of 2^-53.</summary>
    public double Unit() => (Bits() >> 11) * (1.0 / (1L << 53));

    /// <summary>Least to most, both included; the range may be that of int64.</summary>
    public long Between(long least, long most)
    {
        var range = unchecked((ulong)(most - least));
        var bits = Bits();
        return unchecked(least + (long)(range == ulong.MaxValue ? bits : Math.BigMul(bits, range + 1, out _))); // biased by less than 2^-32 of itself
    }

    private uint Word()
    {
        if (_used % 4 == 0)
            _words = Philox.Words(seed, _used / 4, _stream);
        return (_used++ % 4) switch { 0 => _words.X0, 1 => _words.X1, 2 => _words.X2, _ => _words.X3 };
    }

    private static ulong Fnv1a(string text)
    {
        var hash = 14695981039346656037;
        foreach (var value in Encoding.UTF8.GetBytes(text))
            hash = unchecked((hash ^ value) * 1099511628211);
        return hash;
    }
}

/// <summary>Fills an input; what it writes is rounded to the type afterwards.</summary>
internal delegate void Fill(Draws draws, Values into);

/// <summary>Ways to fill.</summary>
internal static class Fills
{
    /// <summary>Between two numbers, uniform; integers include both ends.</summary>
    public static Fill Uniform(double least, double most) => (draws, into) =>
    {
        for (var at = 0; at < into.Reals.Length; at++)
            into.Reals[at] = least + ((most - least) * draws.Unit());
        for (var at = 0; at < into.Whole.Length; at++)
            into.Whole[at] = draws.Between((long)least, (long)most);
    };

    /// <summary>Either sign, sizes between two positive numbers: away from zero, where a relative error says nothing.</summary>
    public static Fill Sized(double least, double most) => (draws, into) =>
    {
        for (var at = 0; at < into.Count; at++)
        {
            var sign = (draws.Bits() & 1) == 0 ? 1 : -1;
            if (into.Type.IsReal())
                into.Reals[at] = sign * (least + ((most - least) * draws.Unit()));
            else
                into.Whole[at] = (into.Type == ElementType.UInt8 ? 1 : sign) * draws.Between((long)least, (long)most);
        }
    };

    /// <summary>Integers of the whole given range; booleans need no other.</summary>
    public static Fill Integers(long least, long most) => (draws, into) =>
    {
        for (var at = 0; at < into.Count; at++)
            into.Whole[at] = draws.Between(least, most);
    };

    /// <summary>Data to be moved: any integer of the type; floating-point numbers of every size, with zeros of both signs, infinities and denormals.</summary>
    public static Fill Anything { get; } = (draws, into) =>
    {
        if (!into.Type.IsReal())
        {
            Integers(into.Type.Range().Least, into.Type.Range().Most)(draws, into);
            return;
        }
        var special = Special(into.Type);
        for (var at = 0; at < into.Count; at++)
            into.Reals[at] = at % 5 == 4 ? special[at / 5 % special.Length] : (draws.Unit() - 0.5) * Math.ScaleB(1, (int)draws.Between(-12, 12));
    };

    /// <summary>The numbers given, over and over; draws nothing.</summary>
    public static Fill These(params double[] numbers) => (_, into) =>
    {
        for (var at = 0; at < into.Count; at++)
        {
            if (into.Type.IsReal())
                into.Reals[at] = numbers[at % numbers.Length];
            else
                into.Whole[at] = (long)numbers[at % numbers.Length];
        }
    };

    /// <summary>As <see cref="These(double[])"/> for integers that float64 cannot hold.</summary>
    public static Fill These(params long[] numbers) => (_, into) =>
    {
        for (var at = 0; at < into.Count; at++)
            into.Whole[at] = numbers[at % numbers.Length];
    };

    /// <summary>Every number once, in an order that is drawn: least, least + step, ...</summary>
    public static Fill Shuffled(double least, double step) => (draws, into) =>
    {
        var order = Enumerable.Range(0, into.Count).ToArray();
        for (var at = order.Length - 1; at > 0; at--)
        {
            var other = (int)draws.Between(0, at);
            (order[at], order[other]) = (order[other], order[at]);
        }
        These([.. order.Select(place => least + (step * place))])(draws, into);
    };

    /// <summary>Both zeros, both infinities, a NaN, the ends of the denormals of both signs, the least normal and the greatest finite numbers, and ones.</summary>
    public static double[] Special(ElementType type)
    {
        var (least, most, normal, greatest) = Rounding.Limits(type);
        return
        [
            0.0, -0.0, double.PositiveInfinity, double.NegativeInfinity, double.NaN, least, -least, most, -most, normal, -normal, greatest, -greatest, 1, -1,
        ];
    }
}
