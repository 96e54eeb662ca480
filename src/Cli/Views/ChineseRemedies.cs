using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>What to do about problems, in Chinese: a line for each kind, below the list of them.</summary>
internal static class ChineseRemedies
{
    public const string Notes = "以上为提示：配置可读，但所列各项未写明前无法启动或无法发证；请在配置副本中补齐，并注明来源。";

    /// <summary>Words of a message to what they ask for; the first that fits counts. Messages with Chinese of their own need none.</summary>
    private static readonly ImmutableArray<(string Words, string Chinese)> Kinds =
    [
        ("is not a known key", "未知的键：按提示更正拼写，或删除"),
        ("is no field that the probes read", "该字段没有探针读取：按提示更正拼写，或删除"),
        ("is missing", "缺少必需的键：请补上"),
        ("second time", "同一个键出现两次：请保留其一"),
        ("expected a positive number", "数值或单位有误：数字与单位之间不留空格，如 60s、2GiB、4/s"),
        ("to the thousandth", "数值最多三位小数"),
        ("expected a whole number", "应为整数，并在所示范围内"),
        ("expected exactly one of", "两者须且只须写其一"),
        ("expected one of", "取值不在允许范围内：请从所列取值中选择"),
        ("expected a list of texts", "应为文本列表，如 [甲, 乙]"),
        ("expected a mapping", "应为键值映射，见示例"),
        ("is empty", "值为空：请填写，或删除该键"),
        ("expected a text", "应为文本"),
        ("is a stack; write", "不能继承软件栈：请改为继承其芯片，并复制 image、container、serve"),
        ("there is no hardware-profiles/", "所继承的文件不存在：请更正编号"),
        ("expected the id of a file", "应为 hardware-profiles/ 下的编号，不带 .yaml"),
        ("whose vendor is", "厂商与所继承芯片的厂商不一致：请更正其一"),
        ("is no name of an image", "镜像名有误：应为 名称:标签@sha256:摘要，小写且无空格"),
        ("a digest is sha256:", "镜像摘要有误：sha256: 之后须为 64 位小写十六进制"),
        ("a registry is named by host", "镜像名不带 http://"),
        ("without a digest", "镜像未写摘要：请写明 @sha256:…"),
        ("is replaced by nothing", "未知的占位符：只替换 {model}、{port}、{socket}"),
        ("is no version", "版本值无效：请填写实际版本，或删除该行"),
        ("a module's name has", "内核模块名只含字母、数字、_ 与 -"),
        ("is a command, and is never carried out", "镜像内的程序从不执行：请改为写明镜像内的版本文件"),
        ("holds no Dockerfile", "该目录没有 Dockerfile：请更正 image.folder"),
        ("is not a key of `sources`", "来源未列出：请在 sources 中写明"),
        ("is cited by no fact", "该来源未被引用：请引用，或删除"),
        ("each fact says where it comes from", "每条事实须注明来源"),
        ("has the whole machine", "不允许：特权容器等同整机，请删除"),
        ("Leave it out", "不允许：请删除，并按提示改写"),
        ("leave it out", "不允许：请删除，并按提示改写"),
        ("is not there in `", "模型没有该精度：请从所列中选择"),
        ("opens", "该配置的引擎打不开此模型格式：请换配置或模型"),
        ("is unknown", "来源未记载：请在配置副本中写明"),
        ("is not stated", "来源未记载：请在配置副本中写明"),
        ("lowercase letters, digits", "编号只含小写字母、数字、点与连字符，以 / 分段"),
        ("printable ASCII", "标识只能用可打印 ASCII；中文请写在 name 中"),
        ("is not UTF-8", "文件不是 UTF-8：请另存为 UTF-8"),
        ("cannot be read", "文件无法读取"),
        ("YAML", "YAML 语法有误：检查括号、引号与缩进"),
        ("While ", "YAML 语法有误：检查括号、引号与缩进"),
        ("devices are counted", "设备编号超出可清点的范围"),
        ("there are no devices to launch with", "处理器没有可选设备：请去掉 --form 与 --devices"),
    ];

    /// <summary>A line for each kind that occurs, with where.</summary>
    public static IEnumerable<string> Of(ImmutableArray<Problem> problems) => problems
        .Where(problem => !problem.Message.Any(c => c is >= '\u4E00' and <= '\u9FFF'))
        .Select(problem => (Problem: problem, Kinds.FirstOrDefault(kind => problem.Message.Contains(kind.Words, StringComparison.Ordinal)).Chinese))
        .Where(told => told.Chinese is not null).GroupBy(told => told.Chinese, StringComparer.Ordinal)
        .Select(kind => $"  → {kind.Key}{Where(kind.Select(told => told.Problem.Line))}");

    private static string Where(IEnumerable<int> lines)
    {
        int[] known = [.. lines.Where(line => line > 0).Distinct().Order().Take(9)];
        return known.Length == 0 ? "" : $"（第 {string.Join('、', known.Select(line => line.ToString(CultureInfo.InvariantCulture)))} 行）";
    }
}
