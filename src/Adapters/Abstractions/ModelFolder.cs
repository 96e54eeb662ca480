namespace Adaptation.Adapters.Abstractions;

/// <summary>Where a model lies: a folder, or the one file that it consists of.</summary>
/// <param name="Path">Absolute, or relative to the working directory.</param>
public sealed record ModelFolder(string Path)
{
    /// <summary>Finds the one file with an extension: the path itself, <c>model</c> plus the extension in it, or the only such file in it.</summary>
    /// <param name="extension">With its dot: <c>.onnx</c>.</param>
    /// <exception cref="AdapterException">There is none, or several and none is called <c>model</c>.</exception>
    public string FindFile(string extension)
    {
        if (File.Exists(Path))
            return Path;
        if (!Directory.Exists(Path))
            throw new AdapterException($"Model {Path} does not exist. Give a folder with one *{extension} file, or that file.");

        var preferred = System.IO.Path.Combine(Path, "model" + extension);
        if (File.Exists(preferred))
            return preferred;
        var found = Directory.GetFiles(Path, "*" + extension).Order(StringComparer.Ordinal).ToArray();
        return found switch
        {
            [var only] => only,
            [] => throw new AdapterException($"Model folder {Path} holds no *{extension} file. Give the folder of an exported model."),
            _ => throw new AdapterException(
                $"Model folder {Path} holds {found.Length} *{extension} files and none is called model{extension}: "
                + $"{string.Join(", ", found.Select(System.IO.Path.GetFileName))}. Name the one to serve."),
        };
    }
}
