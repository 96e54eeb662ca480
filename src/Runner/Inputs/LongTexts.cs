using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>A text as long as a window, and where in it the next token is one that its beginning foretells.</summary>
internal sealed record LongText(string Id, ImmutableArray<int> Ids, ImmutableArray<int> Retrieved);

/// <summary>Puts documents together to texts that fill a window. Each begins with the first tokens of one document and says them again at the end of every quarter.</summary>
/// <remarks>Made from the documents alone: the same on every machine.</remarks>
internal static class LongTexts
{
    private const int Quarters = 4;
    private const int Needle = 24; // tokens that are said again
    private const int Cue = 4; // of which so many are given before the next is to be known

    /// <param name="documents">More than <paramref name="count"/>, each of 2 tokens or more.</param>
    /// <exception cref="InvalidDataException">There are too few documents, or the window is too short to repeat anything in its quarters.</exception>
    public static ImmutableArray<LongText> Make(ImmutableArray<ImmutableArray<int>> documents, int window, int count)
    {
        if (window / Quarters < 2 * Needle)
            throw new InvalidDataException($"a window of {window} tokens is too short for COR-15; {2 * Needle * Quarters} at least are expected");
        if (documents.Length <= count || documents.Take(count).Any(document => document.Length < Needle))
            throw new InvalidDataException($"{count} long texts want more documents than {documents.Length}, the first of {Needle} tokens and more");
        return [.. Enumerable.Range(0, count).Select(number => Make(documents, window, number, count))];
    }

    private static LongText Make(ImmutableArray<ImmutableArray<int>> documents, int window, int number, int count)
    {
        var (needle, retrieved) = (documents[number].Take(Needle).ToImmutableArray(), ImmutableArray.CreateBuilder<int>());
        using var others = Enumerable.Range(0, int.MaxValue).SelectMany(step => documents[(count + (number * count) + step) % documents.Length]).GetEnumerator();
        List<int> ids = [.. needle];
        for (var quarter = 1; quarter <= Quarters; quarter++)
        {
            var again = (window * quarter / Quarters) - Needle;
            while (ids.Count < again && others.MoveNext())
                ids.Add(others.Current);
            ids.AddRange(needle);
            retrieved.AddRange(Enumerable.Range(again + Cue - 1, Needle - Cue));
        }

        return new($"long-{TextFacts.Number(window)}-{TextFacts.Number(number + 1)}", [.. ids], retrieved.ToImmutable());
    }
}
