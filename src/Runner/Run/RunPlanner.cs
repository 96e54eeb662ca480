using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Fixes what a run sets out to do, before anything is started.</summary>
internal static class RunPlanner
{
    private static readonly ImmutableArray<string> NeedsContainer = ["SEC-01", "SEC-03"];
    private static readonly ImmutableArray<string> NeedsLanguage = ["COR-10", "COR-11", "COR-15"];

    public static ImmutableArray<IStep> Steps { get; } =
    [
        new VersionStep(), new StartUpStep(), new ServeStep(), new LayerStep(), new TextServeStep(), new BehaviourStep(), new ToolStep(), new CacheStep(), new ThroughputStep(),
        .. TextLoadStep.All(() => new TextLoadDriver()), new IntegrityStep(() => new TextLoadDriver()), new TextRepeatStep(() => new TextLoadDriver()), new RemovalStep(),
    ];

    /// <param name="issuer">What kind of key will sign: a development key caps the level.</param>
    /// <param name="meters">Of the machine.</param>
    public static Plan Plan(string runId, Prepared prepared, Certificates.KeyEnvironment issuer, MeterSurvey meters)
    {
        var (inputs, isContainer) = (prepared.Inputs, prepared.Engine.Description.IsContainer);
        return new Plan
        {
            RunId = runId,
            Suite = inputs.Suite.Name,
            ProfileId = inputs.Profile.Id,
            ModelId = inputs.Model.Id,
            ModelKind = inputs.Model.Kind,
            Caps =
            [
                .. isContainer ? [] : new[] { "no container: the server ran as a plain process" },
                .. isContainer || !LaunchPlanner.IsNeeded(inputs.Profile) ? [] : new[] { "no container: which devices it computed on was neither chosen nor seen" },
                .. issuer == Certificates.KeyEnvironment.Test ? ["development key: proves that nothing was changed, not who issued it"] : Array.Empty<string>(),
            ],
            NotApplicable = NotApplicable(inputs, prepared.Golden, isContainer, meters),
            Declared = inputs.Profile.Declared,
            Golden = prepared.Golden.Pack,
            Text = prepared.Golden.Text,
            Layers = prepared.Golden.Layers,
            RequiredVersions = StackProbe.Required(inputs.Profile, prepared.Launch),
            DeclaredVersions = inputs.Profile.Versions,
            HardeningExceptions = inputs.Profile.Exceptions,
            Cache = inputs.Profile.Server.Cache,
            Devices = prepared.Stand.Devices,
        };
    }

    private static ImmutableSortedDictionary<string, string> NotApplicable(RunInputs inputs, GoldenInputs golden, bool isContainer, MeterSurvey meters)
    {
        var reasons = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (!isContainer)
            reasons.AddRange(Because(NeedsContainer, "the run was asked to do without a container (--isolation process), which caps the level at L1"));
        if (inputs.Profile.Server.Cache is null)
            reasons.AddRange(Because(["COR-19"], "the profile declares no compile cache (`serve.cache`)"));
        if (inputs.Model.Text?.Generated is not null)
            reasons.AddRange(Because(NeedsLanguage, "the weights of this model are generated: it knows no language"));
        if (inputs.Model is { Kind: "llm", Text.Tools: null })
            reasons.AddRange(Because(ToolStep.All, "the manifest of this model names no pack of tool prompts (text.tools): it is not said to call tools"));
        if (meters.WhyNotApplicable is { } unmetered)
            reasons.AddRange(Because(StepTelemetry.Checks, unmetered));
        else if (inputs.Profile.Declared.Pue is null)
            reasons.AddRange(Because(["GRN-03"], "the profile declares no PUE of the site (`declared.pue`, with source and period): it is unknown, none is assumed, and there is no figure of the facility"));
        if (OperatorFormat.TryOf(inputs.Profile.Server, out var reason) is null)
            reasons.AddRange(Because(OperatorStep.All, reason));
        if ((inputs.Model.Kind == "tensor" ? LayerStep.WhyNot(inputs, golden) : HidesStates(inputs.Profile.Server)) is { } hidden)
            reasons.AddRange(Because(["COR-06"], hidden));
        return reasons.ToImmutable();

        IEnumerable<KeyValuePair<string, string>> Because(ImmutableArray<string> checks, string why) => checks.Where(inputs.Suite.Checks.Contains).Select(id => KeyValuePair.Create(id, why));
    }

    private static string? HidesStates(ProfileServer server) =>
        server.Protocol == WireProtocol.OpenAi ? "the server speaks the OpenAI-compatible API alone, which shows nothing of what layers compute" : null;

    /// <summary>The steps that measure something this run asks for.</summary>
    /// <param name="operators">Makes the cases of single operators; null: they are not measured.</param>
    public static ImmutableArray<IStep> StepsOf(RunContext run, OperatorSource? operators) =>
    [
        .. Steps.SelectMany(step => step is TextServeStep && operators is not null ? [step, new OperatorStep(operators)] : new[] { step })
            .Where(step => step.IsFor(run.Plan.ModelKind) && step.Checks.Any(run.Includes)),
    ];
}
