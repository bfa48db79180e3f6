using Backend.Jobs.Tests;

// A node in a process of its own, for the tests that kill one: runs jobs of the given database, with the given settings (name=value), until it is told to stop.
await using var node = await JobsNode.StartAsync(args[0], null, [.. args.Skip(1).Select(setting => (setting.Split('=')[0], setting.Split('=')[1]))]);
Console.WriteLine("ready");
await Task.Delay(Timeout.Infinite);
