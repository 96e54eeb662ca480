using System.CommandLine;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>The options that say which devices get into the container, and how.</summary>
internal sealed class LaunchOptions
{
    public LaunchOptions() => Form.AcceptOnlyFromAmong("toolkit", "cdi", "plain");

    public Option<string?> Form { get; } = new("--form") { Description = "How devices get in; if left out, the first that is known and can be done here  设备注入方式", HelpName = "toolkit|cdi|plain" };

    public Option<string?> Devices { get; } = new("--devices") { Description = "Numbers of devices: 0,1; if left out, the first `chip.count`  设备编号", HelpName = "N,N" };

    /// <exception cref="Core.BadInputException">They are no numbers of devices.</exception>
    public LaunchChoice Read(ParseResult parsed) => LaunchChoice.Parse(parsed.GetValue(Form), parsed.GetValue(Devices));
}
