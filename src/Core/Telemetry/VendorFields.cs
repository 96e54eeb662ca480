using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>Outputs of vendors' tools that are lines of <c>key : value</c>.</summary>
internal static partial class VendorFields
{
    /// <summary>Huawei Ascend, <c>npu-smi info -t common -i N</c>. Its last block is of the card's controller and repeats the key of the temperature.</summary>
    public static FieldFormat AscendCommon { get; } = new(
        "npu-smi-common", NpuId(), Controller(),
        [
            new("Aicore Usage Rate(%)", Held.Utilisation), new("HBM Usage Rate(%)", Held.MemoryShare), new("Temperature(C)", Held.Temperature),
            new("NPU Real-time Power(W)", Held.Power), new("Aicore curFreq(MHZ)", Held.CoreClock),
        ]);

    /// <summary>Enflame, <c>efsmi -q</c>; drivers before 1.4 spell the memory's keys otherwise.</summary>
    public static FieldFormat EnflameQuery { get; } = new(
        "efsmi-q", DevId(), ends: null,
        [
            new("Dev Name", Held.Name), new("Power Capa", Held.PowerCap), new("Cur Power", Held.Power), new("Total Size", Held.Memory, IsTotal: true),
            new("Mem Size", Held.Memory, IsTotal: true), new("Mem Ecc", Held.Ecc), new("GCU Temp", Held.Temperature), new("GCU Usage", Held.Utilisation),
        ]);

    [GeneratedRegex(@"\A\s*NPU ID\s*:\s*([0-9]{1,4})\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NpuId();

    [GeneratedRegex(@"\A\s*Chip Name\s*:\s*mcu\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Controller();

    [GeneratedRegex(@"\ADEV ID ([0-9]{1,4})\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DevId();
}
