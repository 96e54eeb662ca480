using System.Text.RegularExpressions;

namespace Adaptation.Runner.Tests;

/// <summary>Rules of our own for the files of containers/, in the manner of hadolint: what an image is made of is said, pinned and small, and it runs as nobody.</summary>
internal static partial class DockerfileLint
{
    /// <returns>One line for each rule that is broken; empty for a good file.</returns>
    public static IEnumerable<string> Problems(string dockerfile)
    {
        var steps = Steps(dockerfile).ToArray();
        var froms = steps.Where(step => step.Word == "FROM").Select(step => step.Text).ToArray();
        if (steps.FirstOrDefault() is not ("ARG", "BASE_IMAGE"))
            yield return "the first instruction is not `ARG BASE_IMAGE`: the profile names the base, and gives no default";
        if (froms is not ["${BASE_IMAGE}"])
            yield return $"expected one `FROM ${{BASE_IMAGE}}`, seen {(froms.Length == 0 ? "none" : string.Join(" and ", froms))}";
        if (steps.Any(step => Latest().IsMatch(step.Text)))
            yield return "`latest` is another image tomorrow";
        if (steps.LastOrDefault(step => step.Word == "USER").Text is not { } user || !NumericUser().IsMatch(user))
            yield return "the last USER is not a numeric user:group other than root, such as 10001:10001";
        if (steps.Any(step => step.Word == "ADD"))
            yield return "ADD fetches and unpacks by itself; COPY what the build context has";
        foreach (var (word, run) in steps)
        {
            if (Piped().IsMatch(run))
                yield return "what a network sends is piped into a shell";
            if (word == "RUN" && Apt().Count(run) is > 0 and var installs)
            {
                if (NoRecommends().Count(run) < installs)
                    yield return "apt-get install without --no-install-recommends";
                if (!run.Contains("rm -rf /var/lib/apt/lists/", StringComparison.Ordinal))
                    yield return "apt-get without removing /var/lib/apt/lists in the same step";
            }

            if (word is "ENV" or "ARG" or "LABEL" && Secret().IsMatch(run))
                yield return $"{word} {run.Split('=', ' ')[0]} looks like a secret, and stays in the image";
            if (Flags().IsMatch(run))
                yield return "a privileged build, or one as another user by sudo";
            if (word is not ("ARG" or "FROM" or "COPY" or "RUN" or "ENV" or "USER" or "ENTRYPOINT" or "CMD" or "WORKDIR" or "LABEL" or "ADD"))
                yield return $"{word} is not used here";
        }
    }

    /// <summary>Instructions with their continued lines in one, without comments.</summary>
    private static IEnumerable<(string Word, string Text)> Steps(string dockerfile)
    {
        var joined = string.Join('\n', dockerfile.Split('\n').Where(line => !line.TrimStart().StartsWith('#'))).Replace("\\\n", " ", StringComparison.Ordinal);
        return joined.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)
            .Select(line => line.Split((char[])[' ', '\t'], 2)).Select(parts => (parts[0].ToUpperInvariant(), parts.Length > 1 ? parts[1].Trim() : ""));
    }

    [GeneratedRegex(@":latest(\s|\z|@)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Latest();

    [GeneratedRegex(@"\A[1-9][0-9]*:[1-9][0-9]*\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumericUser();

    [GeneratedRegex(@"\b(curl|wget)\b[^;&]*\|\s*(sudo\s+)?(\S*/)?(ba|da|z)?sh\b|(sh|bash|eval|source)\s+(-c\s+)?[""']?(<\(|\$\()\s*(curl|wget)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Piped();

    [GeneratedRegex(@"\bapt(-get)?\s[^;&|]*\binstall\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Apt();

    [GeneratedRegex(@"--no-install-recommends\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NoRecommends();

    [GeneratedRegex(@"\A\S*(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();

    [GeneratedRegex(@"--privileged|--security=insecure|\bsudo\s", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Flags();
}
