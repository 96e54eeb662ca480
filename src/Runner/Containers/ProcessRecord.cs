using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Adaptation.Runner;

/// <summary>What is kept of a running process so that a later runner can find it.</summary>
/// <param name="Process">As <see cref="RunOwner"/> names a process.</param>
internal sealed record ProcessRecord(string RunId, string Owner, string Process)
{
    public string Name => Process.Replace(':', '-');

    /// <summary>Lists them all; a file that is no record was cut off by a full disk, names no process, and is passed over.</summary>
    public static ImmutableArray<ProcessRecord> All(string folder) =>
        Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.process").Order(StringComparer.Ordinal).Select(Read).OfType<ProcessRecord>()]
            : [];

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var unfinished = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Name}.unfinished"));
        File.WriteAllBytes(unfinished, JsonSerializer.SerializeToUtf8Bytes(this, ProcessRecordJson.Default.ProcessRecord));
        File.Move(unfinished, Path.Combine(folder, $"{Name}.process"), overwrite: true);
    }

    public void Delete(string folder) => File.Delete(Path.Combine(folder, $"{Name}.process"));

    private static ProcessRecord? Read(string path)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), ProcessRecordJson.Default.ProcessRecord);
            return record is { RunId: not null, Owner: not null, Process: not null } && record.Process.Split(':') is [_, var id, _] && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? record
                : null;
        }
        catch (Exception bad) when (bad is JsonException or FileNotFoundException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(ProcessRecord))]
internal sealed partial class ProcessRecordJson : JsonSerializerContext;
