namespace EduVision.Web.Status;

/// <summary>One line of a chart.</summary>
/// <param name="Name">What it is, for people.</param>
/// <param name="Points">Its values, oldest first.</param>
public sealed record ChartLine(string Name, IReadOnlyList<double> Points);
