using Backend.Jobs.Tests;

// A node in a process of its own, for the tests that kill one: runs jobs of the given database until it is told to stop.
await using var node = await JobsNode.StartAsync(args[0]);
Console.WriteLine("ready");
await Task.Delay(Timeout.Infinite);
