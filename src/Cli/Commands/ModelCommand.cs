using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt model make|export|show</c>: files of language models.</summary>
internal static class ModelCommand
{
    private static readonly Option<bool> Force = new("--force") { Description = "Replace what is there  覆盖已有文件" };

    private static readonly Option<int> Threads = new("--threads")
    {
        Description = "Threads; any number makes the same bytes  线程数，不影响结果",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        HelpName = "N",
        Validators = { result => { if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n is < 1 or > 1024)) result.AddError("--threads takes a whole number from 1 to 1024"); } },
    };

    public static Command Create(Machine machine) => new("model", "Make, export or show files of language models  生成、导出或查看语言模型文件")
    {
        Make(machine), Export(machine), Show(),
    };

    private static Command Make(Machine machine)
    {
        var id = new Argument<string>("id") { Description = "A generated model: shape/NAME, or its model.yaml  生成模型" };
        var type = TypeOption("f16");
        var format = new Option<string>("--format") { Description = "File format  文件格式", DefaultValueFactory = _ => "gguf", HelpName = "gguf|safetensors" };
        format.AcceptOnlyFromAmong("gguf", "safetensors");
        var folder = new Option<string>("--out") { Description = "Folder; made where it is absent  输出目录", DefaultValueFactory = _ => ".", HelpName = "DIR" };
        var command = new Command("make", "Make a model's files from its seed: the same bytes on every machine  由种子生成模型文件") { id, type, format, folder, Force, Threads };
        command.SetAction((parsed, cancellationToken) => Blame(parsed.GetValue(id)!, () =>
        {
            var model = ReadManifest(machine, parsed.GetValue(id)!);
            var (wanted, kind) = (parsed.GetValue(format)!, WeightTypes.Writable[parsed.GetValue(type)!]);
            var path = Path.Combine(parsed.GetValue(folder)!, model.FileName(wanted, kind));
            var expected = model.Expected(wanted, kind);
            if (File.Exists(path) && !parsed.GetValue(Force))
                return KeepIfRight(path, expected);
            Directory.CreateDirectory(parsed.GetValue(folder)!);
            var options = Options(machine, parsed.GetValue(Threads), parsed.GetValue(Force));
            var written = wanted == "gguf"
                ? model.WriteGguf(kind, path, options, cancellationToken)
                : model.WriteSafetensors(kind, parsed.GetValue(folder)!, options, cancellationToken);
            return Report(written, expected is null ? "the manifest states no digest to hold it against" : "as the manifest says");
        }));
        return command;
    }

    private static Command Export(Machine machine)
    {
        var source = new Argument<string>("model") { Description = "A reference model, or a folder with config.json, tokenizer.json and safetensors  模型" };
        var type = TypeOption("f16");
        var format = new Option<string>("--format") { Description = "onnx and torchscript are f32: input_ids in, logits out  文件格式", DefaultValueFactory = _ => "gguf", HelpName = "gguf|onnx|torchscript" };
        format.AcceptOnlyFromAmong("gguf", "onnx", "torchscript");
        var file = new Option<string>("--out") { Description = "The file  输出文件", Required = true, HelpName = "FILE" };
        var command = new Command("export", "Write a trained model as GGUF, ONNX or TorchScript  将模型导出为 GGUF、ONNX 或 TorchScript") { source, type, format, file, Force, Threads };
        command.SetAction((parsed, cancellationToken) => Blame(parsed.GetValue(source)!, () =>
        {
            var (asked, path) = (parsed.GetValue(source)!, parsed.GetValue(file)!);
            var below = Path.Combine(machine.Root, "reference-models", asked);
            var folder = Directory.Exists(asked) ? asked : Directory.Exists(below) ? below : throw Bad(asked, "is neither a folder nor one below reference-models/");
            if (File.Exists(path) && !parsed.GetValue(Force))
                throw Bad(path, "is there already; name another file, or replace it with --force");
            if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
                throw Bad(path, "is in a folder that does not exist; make the folder, or name another");
            var isGguf = parsed.GetValue(format) == "gguf";
            if (!isGguf && parsed.GetResult(type) is { Implicit: false } && parsed.GetValue(type) != "f32")
                throw Bad($"--type {parsed.GetValue(type)}", $"is not written as {parsed.GetValue(format)}, whose graphs are f32; leave it out");
            using var checkpoint = Checkpoint.Open(folder);
            var options = Options(machine, parsed.GetValue(Threads), parsed.GetValue(Force));
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            var written = isGguf ? checkpoint.WriteGguf(WeightTypes.Writable[parsed.GetValue(type)!], name, path, options, cancellationToken)
                : parsed.GetValue(format) == "onnx" ? checkpoint.WriteOnnx(path, options, cancellationToken)
                : checkpoint.WriteTorchScript(path, options, cancellationToken);
            return Report(written, $"from {folder}");
        }));
        return command;
    }

    private static Command Show()
    {
        var file = new Argument<string>("file") { Description = "A GGUF or safetensors file  模型文件" };
        var command = new Command("show", "List what a model file holds  查看模型文件") { file };
        command.SetAction((parsed, _) => Blame(parsed.GetValue(file)!, () =>
        {
            var path = parsed.GetValue(file)!;
            if (!File.Exists(path))
                throw Bad(path, "is not there");
            Table.Print(Console.Out, ModelListing.Rows(path));
            return ExitCode.Certified;
        }));
        return command;
    }

    private static Option<string> TypeOption(string usual)
    {
        var type = new Option<string>("--type") { Description = "Of matrices; norms and biases are f32 in GGUF  权重类型", DefaultValueFactory = _ => usual, HelpName = string.Join('|', WeightTypes.Writable.Keys) };
        type.AcceptOnlyFromAmong([.. WeightTypes.Writable.Keys]);
        return type;
    }

    private static GeneratedModel ReadManifest(Machine machine, string asked)
    {
        var file = File.Exists(asked) ? asked : Path.Combine(machine.Root, "reference-models", asked, "model.yaml");
        if (!File.Exists(file))
            throw Bad(asked, "is no generated model; they are the folders below reference-models/shape");
        var problems = new List<Problem>();
        return GeneratedModelReader.TryRead(file, Path.GetRelativePath(machine.Root, file), problems) is { } model && problems.Count == 0
            ? model
            : throw new BadInputException([.. problems]);
    }

    /// <summary>A file that has the expected digest is what was asked for; any other is somebody's, and stays.</summary>
    private static int KeepIfRight(string path, GeneratedFile? expected)
    {
        using var file = File.OpenRead(path);
        if (expected is null || file.Length != expected.Bytes || Convert.ToHexStringLower(SHA256.HashData(file)) != expected.Sha256)
            throw Bad(path, "is there already and is not what the manifest says, or the manifest does not say; name another folder, or replace it with --force");
        Console.WriteLine($"{path}: is there already, and is as the manifest says");
        return ExitCode.Certified;
    }

    private static WriteOptions Options(Machine machine, int threads, bool force)
    {
        var last = 0L;
        void Show(WriteProgress progress)
        {
            if (last != 0 && machine.Time.GetElapsedTime(last) < TimeSpan.FromMilliseconds(250) && progress.BytesWritten < progress.BytesInAll)
                return;
            last = machine.Time.GetTimestamp();
            Console.Error.Write($"\r{100 * progress.BytesWritten / progress.BytesInAll,3} %  {progress.BytesWritten >> 20} of {progress.BytesInAll >> 20} MiB  {progress.Tensor,-48}");
            if (progress.BytesWritten == progress.BytesInAll)
                Console.Error.WriteLine();
        }

        return new() { Threads = threads, Replace = force, Progress = Console.IsErrorRedirected ? null : Show };
    }

    private static int Report(WrittenFile written, string remark)
    {
        Console.WriteLine($"{written.Path}: {written.Bytes} bytes, sha256 {written.Sha256}, {remark}");
        return ExitCode.Certified;
    }

    /// <summary>What is wrong with a file that the user named is bad input, not a broken machine.</summary>
    private static Task<int> Blame(string file, Func<int> work)
    {
        try
        {
            return Task.FromResult(work());
        }
        catch (ModelException wrong)
        {
            throw new BadInputException([new Problem(file, 0, "", wrong.Message)]);
        }
    }

    private static BadInputException Bad(string file, string message) => new([new Problem(file, 0, "", message)]);
}
