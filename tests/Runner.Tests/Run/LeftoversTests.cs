namespace Adaptation.Runner.Tests;

public class LeftoversTests
{
    private static readonly string[] Me = RunOwner.Current.Split(':');

    private static string Dead => $"{Me[0]}:{Me[1]}:1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_process_is_alive_by_boot_id_and_start_time()
    {
        Assert.True(RunOwner.IsAlive(RunOwner.Current));
        Assert.False(RunOwner.IsAlive(Dead)); // the id came round again
        Assert.False(RunOwner.IsAlive($"00000000-0000-0000-0000-000000000000:{Me[1]}:{Me[2]}"));
        Assert.All(["", "x", "::", "a:b:c", $"{Me[0]}:-1:{Me[2]}", $"{RunOwner.Current}:x"], owner => Assert.False(RunOwner.IsAlive(owner)));
        Assert.True(RunOwner.IsOfThisBoot(Dead));
        Assert.False(RunOwner.IsOfThisBoot("other:1:1"));
    }

    [Fact]
    public async Task What_a_dead_run_left_is_removed_and_what_a_living_one_has_is_not()
    {
        var engine = Engine(isLocal: true);
        await Leftovers.RemoveAsync(engine, Token);
        Assert.Equal(["dead", "other boot"], engine.Swept.Select(left => left.Id));
    }

    [Fact]
    public async Task On_an_engine_that_other_machines_use_too_only_our_own_dead_are_removed()
    {
        var engine = Engine(isLocal: false);
        await Leftovers.RemoveAsync(engine, Token);
        Assert.Equal(["dead"], engine.Swept.Select(left => left.Id));
    }

    [Fact]
    public void A_scratch_folder_is_closed_to_others_named_beyond_guessing_and_gone_afterwards()
    {
        string path;
        using (var scratch = Scratch.Create("run"))
        using (var again = Scratch.Create("run"))
        {
            path = scratch.Path;
            Assert.NotEqual(path, again.Path);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            Assert.DoesNotContain(path, Scratch.RemoveDead());
        }

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void A_scratch_folder_of_a_dead_run_is_swept_and_one_without_an_owner_is_not_ours()
    {
        var dead = Scratch.Create("run").Path;
        File.WriteAllText(Path.Combine(dead, "owner"), Dead);
        var foreign = Directory.CreateTempSubdirectory(Scratch.Prefix).FullName;
        Assert.Contains(dead, Scratch.RemoveDead());
        Assert.True(Directory.Exists(foreign));
        Directory.Delete(foreign);
    }

    private static FakeEngine Engine(bool isLocal) => new((_, _) => null)
    {
        Description = new("fake", "1", "1", "2", IsContainer: true, isLocal),
        Strays = [new("container", "living", "r", RunOwner.Current), new("container", "dead", "r", Dead), new("container", "other boot", "r", $"x:{Me[1]}:{Me[2]}")],
    };
}
