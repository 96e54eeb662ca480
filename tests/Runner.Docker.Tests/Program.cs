using Adaptation.Runner.Docker;
using Adaptation.Runner.Docker.Tests;

// As "hold-daemon FOLDER" this program is a runner that holds the private daemon until it is killed; else it runs the tests.
if (args is ["hold-daemon", var folder])
{
    await using var daemon = await DockerDaemon.FindAsync(Given.NoSystemDaemon, Given.Machine(folder), CancellationToken.None);
    Console.WriteLine("holding");
    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
