using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Audits a server of text under the load that others measure (PERF-11), on a container of its own.</summary>
/// <param name="driver">Makes the client.</param>
internal sealed class IntegrityStep(Func<ITextLoadDriver> driver) : IStep
{
    public string Name => "audit";

    public LocalText Title { get; } = new("Audit answers under load, repeated prompts, lengths", "负载下应答、重复提示与长度核查");

    public ImmutableArray<string> Checks { get; } = ["PERF-11"];

    public bool IsFor(string modelKind) => modelKind == "llm";

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(run.Clause("PERF-11").Limit("load_seconds") + 20);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var setting = TextServer.Setting(run, driver());
        var measured = await TextServer.UseAsync(run, setting, (_, server, token) => new Audit(run, setting, server).MeasureAsync(token), cancellationToken);
        return measured is null ? [] : [measured];
    }
}
