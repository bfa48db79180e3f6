Console.WriteLine("import");
