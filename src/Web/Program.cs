Console.WriteLine("EduVision");
