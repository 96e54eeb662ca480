using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>How many waived failures a certificate of one level may have, of the number of checks that it requires.</summary>
/// <param name="Least">Allowed however few checks are required; at most <paramref name="Most"/>.</param>
/// <param name="Most">Never more, however many are required.</param>
/// <param name="SharePpm">Of the required checks, in 1e-6, rounded down.</param>
public sealed record WaiverCap(int Least, int Most, long SharePpm)
{
    /// <param name="required">Musts that apply; not negative.</param>
    public int Of(int required) => (int)Math.Min(Most, Math.Max(Least, required * SharePpm / 1_000_000));
}

/// <summary>What a standard lets people waive, besides the mark on each clause that can be. Signatures are the certificates' business.</summary>
/// <param name="DaysMax">Longest life of a waiver.</param>
/// <param name="Caps">By the level of the certificate; a level that is not there allows none.</param>
public sealed record WaiverRules(int DaysMax, ImmutableSortedDictionary<Level, WaiverCap> Caps)
{
    /// <summary>Nothing can be waived: what a standard says that says nothing of it.</summary>
    public static WaiverRules None { get; } = new(0, ImmutableSortedDictionary<Level, WaiverCap>.Empty);

    /// <param name="required">Musts that apply.</param>
    public int Cap(Level level, int required) => Caps.TryGetValue(level, out var cap) ? cap.Of(required) : 0;

    /// <summary>The highest level up to this one whose certificates may have so many waivers; <see cref="Level.None"/> where none may.</summary>
    public Level Lowered(Level level, int waivers, int required)
    {
        while (level > Level.None && waivers > Cap(level, required))
            level--;
        return level;
    }
}
