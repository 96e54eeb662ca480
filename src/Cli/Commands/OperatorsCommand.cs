using System.Buffers.Binary;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt operators</c>: runs the tests of single operators on a profile's engine, without a certificate.</summary>
internal static class OperatorsCommand
{
    /// <param name="source">Makes generated cases.</param>
    public static Command Create(Machine machine, OpenWorkshop open, OperatorSource source)
    {
        var profile = new Option<string>("--profile") { Description = "Profile: an id or a file  硬件与软件栈配置", DefaultValueFactory = _ => "generic/x64-onnxruntime", HelpName = "ID|FILE" };
        var cases = new Option<string?>("--cases") { Description = "Tree of ONNX backend tests; the installed one (Debian libonnx-testdata) if left out  ONNX 后端测试目录", HelpName = "DIR" };
        var seed = new Option<ulong?>("--seed") { Description = "Draws the inputs of generated cases; drawn by chance if left out  生成用例的随机种子", HelpName = "N" };
        var operators = new Option<string?>("--operators") { Description = "Only these, as ONNX spells them: Add,Softmax  仅检验这些算子", HelpName = "A,B" };
        var types = new Option<string?>("--types") { Description = "Only these, as the wire spells them: FP16,FP32  仅检验这些数据类型", HelpName = "FP16,..." };
        var only = new Option<string?>("--only") { Description = "Only the ONNX backend tests, or only generated cases  仅检验其中一类", HelpName = "onnx|generated" };
        only.AcceptOnlyFromAmong("onnx", "generated");
        var output = new Option<string?>("--out") { Description = "Folder for results.json and report.txt  结果目录", HelpName = "DIR" };
        var isolation = new Option<string>("--isolation") { Description = "any: a container, or a plain process where none can be had  隔离方式", DefaultValueFactory = _ => "any", HelpName = "any|container|process" };
        isolation.AcceptOnlyFromAmong("any", "container", "process");
        var json = new Option<bool>("--json") { Description = "Print results.json instead of the table  输出 JSON" };
        var command = new Command("operators", "Test an engine operator by operator  逐算子检验推理引擎") { profile, cases, only, seed, operators, types, output, isolation, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var chosen = new OperatorSelection(
                parsed.GetValue(seed) ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))), [.. Words(parsed.GetValue(operators))], [.. Words(parsed.GetValue(types))])
            { Contested = true };
            var stand = StandInputs.Read(machine.Root, parsed.GetValue(profile)!);
            var request = Request(machine, parsed.GetValue(cases), parsed.GetValue(only), source, chosen);
            var report = await RunAsync(machine, open, Enum.Parse<Isolation>(parsed.GetValue(isolation)!, ignoreCase: true), stand, request, chosen.Seed, cancellationToken);
            Show(report, parsed.GetValue(output), parsed.GetValue(json));
            return report.Failed > 0 ? ExitCode.Rejected : report.Passed > 0 ? ExitCode.Certified : ExitCode.Incomplete;
        });
        return command;
    }

    private static string[] Words(string? list) => list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static OperatorRequest Request(Machine machine, string? folder, string? only, OperatorSource source, OperatorSelection chosen)
    {
        if (only == "onnx" && folder is null && !Directory.Exists(NodeTests.Installed))
            throw new BadInputException([new Problem("--only", 0, "", $"onnx: {NodeTests.Installed} is not there; install Debian's libonnx-testdata, or give a tree with --cases DIR")]);
        var tests = only != "generated" && (folder is not null || Directory.Exists(NodeTests.Installed)) ? NodeTests.Read(folder ?? NodeTests.Installed) : [];
        bool IsWanted(NodeTest test) =>
            (chosen.Operators.IsEmpty || chosen.Operators.Contains(test.Operator)) && (chosen.DataTypes.IsEmpty || chosen.DataTypes.Contains(test.DataType));
        var request = new OperatorRequest([.. tests.Where(IsWanted)], only == "onnx" ? [] : source(chosen), StandInputs.Clause(machine.Root, "COR-01"));
        return request.Tests.IsEmpty && !request.Cases.Any()
            ? throw new BadInputException([new Problem("--operators, --types", 0, "", "nothing is left to ask: no test has such an operator in such a type; both are spelled as ONNX and the wire do (Softmax, FP16)")])
            : request;
    }

    private static async Task<OperatorReport> RunAsync(
        Machine machine, OpenWorkshop open, Isolation isolation, StandInputs inputs, OperatorRequest request, ulong seed, CancellationToken cancellationToken)
    {
        static void Announce(string what) => Console.Error.WriteLine($"adapt: {what}");
        await using var workshop = await open(machine, isolation, Announce, cancellationToken);
        foreach (var removed in await Leftovers.RemoveAsync(workshop.Engine, cancellationToken))
            Announce($"removed what a dead run left: {removed}");
        var stand = await workshop.Preparation.PrepareServerAsync(inputs.Profile, inputs.Engine, machine.Root, cancellationToken);
        var started = machine.Time.GetTimestamp();
        try
        {
            var session = new OperatorSession(stand, machine.Time, done =>
            {
                if (done % 250 == 0)
                    Announce(string.Create(CultureInfo.InvariantCulture, $"{done} cases asked  已检验 {done} 例"));
            });
            var outcomes = await session.RunAsync(request, cancellationToken);
            return new OperatorReport(inputs.Profile.Id, Machine.Version, seed, machine.Time.GetElapsedTime(started), outcomes);
        }
        catch (BackendBrokenException broken)
        {
            throw new BrokenEnvironmentException($"The server of {inputs.Profile.Id} does not start: {broken.Message}", broken);
        }
    }

    private static void Show(OperatorReport report, string? folder, bool json)
    {
        if (json)
        {
            Console.WriteLine(System.Text.Encoding.UTF8.GetString(report.Json()));
        }
        else
        {
            Table.Print(Console.Out, report.Cells().Select(cell => new[]
            {
                cell.Operator, cell.DataType, Number(cell.Passed), Number(cell.Failed), Number(cell.Unsupported),
            }).Prepend(["operator 算子", "type 类型", "pass 通过", "fail 失败", "unsupported 不支持"]));
            Console.WriteLine();
            ShowFailures([.. report.Failures], isKept: folder is not null);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Passed} passed 通过, {report.Failed} failed 失败, {report.Unsupported} unsupported 不支持; seed 种子 {report.Seed}; {report.Took.TotalSeconds:0.0} s"));
        }

        if (folder is null)
            return;
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "results.json"), report.Json());
        File.WriteAllText(Path.Combine(folder, "report.txt"), report.Text());
        if (!json)
            Console.WriteLine($"kept in 结果: {Path.GetFullPath(folder)}");
    }

    private static void ShowFailures(string[] failures, bool isKept)
    {
        const int Shown = 20, Characters = 240;
        foreach (var failure in failures.Take(Shown))
            Console.WriteLine(failure.Length <= Characters ? failure : $"{failure[..Characters]}...");
        if (failures.Length > Shown)
            Console.WriteLine($"{failures.Length - Shown} more 其余 {failures.Length - Shown} 例: {(isKept ? "report.txt" : "--out DIR")}");
        if (failures.Length > 0)
            Console.WriteLine();
    }

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);
}
