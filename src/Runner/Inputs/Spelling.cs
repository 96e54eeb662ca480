namespace Adaptation.Runner;

/// <summary>What somebody meant who wrote something else.</summary>
public static class Spelling
{
    /// <summary>A question to put behind a message, or nothing where no known word is near.</summary>
    public static string Hint(string seen, IEnumerable<string> known) => Nearest(seen, known) is { } near ? $"; did you mean `{near}`?" : "";

    /// <returns>The known word that is at most a third of its letters away, the nearest; null where there is none.</returns>
    public static string? Nearest(string seen, IEnumerable<string> known) => seen.Length > 100 ? null : known
        .Select(word => (Word: word, Distance: Distance(seen, word))).Where(near => near.Distance > 0 && near.Distance <= Math.Max(1, Math.Min(seen.Length, near.Word.Length) / 3))
        .OrderBy(near => near.Distance).ThenBy(near => near.Word, StringComparer.Ordinal).Select(near => near.Word).FirstOrDefault();

    /// <summary>Letters put in, left out, replaced, or exchanged with their neighbour (optimal string alignment).</summary>
    private static int Distance(string first, string second)
    {
        var table = new int[first.Length + 1, second.Length + 1];
        for (var i = 0; i <= first.Length; i++)
            table[i, 0] = i;
        for (var j = 0; j <= second.Length; j++)
            table[0, j] = j;
        for (var i = 1; i <= first.Length; i++)
        {
            for (var j = 1; j <= second.Length; j++)
            {
                var least = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1));
                var isExchanged = i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1];
                table[i, j] = isExchanged ? Math.Min(least, table[i - 2, j - 2] + 1) : least;
            }
        }

        return table[first.Length, second.Length];
    }
}
