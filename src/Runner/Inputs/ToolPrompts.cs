using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads the pack of tool prompts that a manifest names (COR-17).</summary>
internal static class ToolPrompts
{
    /// <summary>Where the pack lies in the evidence.</summary>
    public const string InEvidence = "golden/tools.jsonl";

    /// <param name="folder">Holds the model's runner files.</param>
    /// <exception cref="BadInputException">It is no pack, or another model's; every problem of it, with line and member.</exception>
    public static ToolPack Load(ReferenceModel model, string name, string folder)
    {
        var (problems, path) = (new List<Problem>(), Path.Combine(folder, name));
        var shown = Path.Combine(Path.GetDirectoryName(model.File) ?? "", name);
        if (new FileInfo(path).Length > ToolPack.MaxBytes)
            problems.Add(new(shown, 0, "", $"has {new FileInfo(path).Length} bytes; a pack has at most {ToolPack.MaxBytes}"));
        else if (ToolPack.TryRead(File.ReadAllBytes(path), shown, problems) is { } pack)
        {
            if (pack.Model == model.Id)
                return pack;
            problems.Add(new(shown, 1, "model", $"is `{pack.Model}`; the manifest is of {model.Id}"));
        }

        throw new BadInputException([.. problems]);
    }
}
