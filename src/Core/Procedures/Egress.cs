using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether the backend works in a network without routes and sends nothing out of it (SEC-03).</summary>
/// <remarks>
/// Reads four series (count, one sample per deployment, in the same order): <c>packets_out</c>, packets sent by interfaces other
/// than loopback; <c>refused</c>, the kernel's OutNoRoutes, attempts to send where no route leads; <c>asked</c> and
/// <c>answered</c>, requests over the wire. The fact <c>unreadable</c> says why the counters could not be read.
/// </remarks>
internal static class Egress
{
    public static ImmutableArray<string> Limits { get; } = ["packets_max", "attempts_max"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (m.Facts.TryGetValue("unreadable", out var reason) && m.Samples("packets_out").Total() == 0 && m.Samples("refused").Total() == 0)
            return clause.Found(new Verdict.Inconclusive(
                $"the counters of the container's network could not be read: {reason}; "
                + "run it where the container is on the runner's own machine"));
        if (m.Unusable("count", "packets_out", "refused", "asked", "answered") is { } problem)
            return clause.Invalid(problem);
        var (packets, refused) = (m.Samples("packets_out"), m.Samples("refused"));
        var (asked, answered) = (m.Samples("asked"), m.Samples("answered"));
        if (packets.IsEmpty || packets.Length != refused.Length || packets.Length != asked.Length || packets.Length != answered.Length)
            return clause.Invalid(
                $"packets of {packets.Length} deployments, attempts of {refused.Length}, requests of {asked.Length}, answers of {answered.Length}");

        ImmutableArray<Figure> figures =
        [
            Reading.Counted("packets out", packets.Total(), clause.Limit("packets_max")),
            Reading.Counted("attempts without a route", refused.Total(), clause.Limit("attempts_max")),
            Reading.Counted("answers without a network", answered.Total(), asked.Total()),
        ];
        if (packets.Total() > clause.Limit("packets_max"))
            return clause.Fails($"{packets.Total()} packets sent out", $"{clause.Limit("packets_max")} packets", figures);
        if (refused.Total() > clause.Limit("attempts_max"))
            return clause.Fails(
                $"{refused.Total()} attempts to send where no route leads", $"{clause.Limit("attempts_max")} attempts", figures);

        for (var i = 0; i < asked.Length; i++)
        {
            if (asked[i] == 0)
                return clause.Invalid($"deployment {i + 1} was asked nothing", figures);
            if (answered[i] > asked[i])
                return clause.Invalid($"deployment {i + 1} answered {answered[i]} of {asked[i]} requests", figures);
            if (answered[i] < asked[i])
                return clause.Fails(
                    $"does not work without a network: {answered[i]} of {asked[i]} requests answered", "an answer to every request", figures);
        }

        return clause.Found(new Verdict.Pass(), figures);
    }
}
