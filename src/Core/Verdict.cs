namespace Adaptation.Core;

/// <summary>The answer of one check. Only <see cref="Pass"/> counts.</summary>
public abstract record Verdict
{
    private Verdict()
    {
    }

    public sealed record Pass : Verdict;

    /// <param name="Measured">What was seen, with its unit.</param>
    /// <param name="Limit">What the clause asks for, with its unit.</param>
    public sealed record Fail(string Measured, string Limit) : Verdict;

    /// <param name="Reason">Why nothing could be decided, and what would decide it (so many more samples, another machine).</param>
    public sealed record Inconclusive(string Reason) : Verdict;

    /// <param name="Reason">Follows from clause, profile and options before the run, never from what a backend answers.</param>
    public sealed record NotApplicable(string Reason) : Verdict;

    /// <summary>pass, fail, inconclusive or not_applicable, as the catalogue spells them.</summary>
    public string Word => this switch
    {
        Pass => "pass",
        Fail => "fail",
        Inconclusive => "inconclusive",
        _ => "not_applicable",
    };
}
