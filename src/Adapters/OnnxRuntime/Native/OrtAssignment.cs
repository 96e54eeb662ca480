using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Adaptation.Adapters.OnnxRuntime;

/// <param name="Name">As the model names the node; may be empty.</param>
/// <param name="Operator">Such as <c>Softmax</c>.</param>
internal sealed record AssignedNode(string Provider, string Name, string Operator);

/// <summary>Reads which provider a session gave each node to.</summary>
internal static unsafe class OrtAssignment
{
    /// <param name="session">Opened with session.record_ep_graph_assignment_info; everything read belongs to it.</param>
    /// <exception cref="Abstractions.AdapterException">The engine does not say.</exception>
    public static ImmutableArray<AssignedNode> Read(OrtApi api, SessionHandle session)
    {
        const string What = "Which provider runs which node cannot be read";
        nint* parts;
        nint count;
        api.Check(((delegate* unmanaged<nint, nint**, nint*, nint>)api[OrtSlot.GraphAssignment])(session.Native, &parts, &count), What);
        var nodes = ImmutableArray.CreateBuilder<AssignedNode>();
        for (nint part = 0; part < count; part++)
        {
            nint* within;
            nint members;
            var provider = Text(api, OrtSlot.AssignedProvider, parts[part], What);
            api.Check(((delegate* unmanaged<nint, nint**, nint*, nint>)api[OrtSlot.AssignedNodes])(parts[part], &within, &members), What);
            for (nint node = 0; node < members; node++)
                nodes.Add(new(provider, Text(api, OrtSlot.AssignedName, within[node], What), Text(api, OrtSlot.AssignedOperator, within[node], What)));
        }
        return nodes.ToImmutable();
    }

    private static string Text(OrtApi api, OrtSlot slot, nint from, string what)
    {
        nint text;
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[slot])(from, &text), what);
        return Marshal.PtrToStringUTF8(text) ?? "";
    }
}
