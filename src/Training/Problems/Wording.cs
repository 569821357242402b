namespace EduVision.Training.Problems;

/// <summary>The few words a trace needs, in one language.</summary>
internal sealed record Wording
{
    public required string Given { get; init; }
    public required string Equation { get; init; }
    public required string Stop { get; init; }
    public required string Comma { get; init; }
    public required string So { get; init; }
    public required string Brackets { get; init; }
    public required string Add { get; init; }
    public required string Subtract { get; init; }
    public required string Multiply { get; init; }
    public required string Divide { get; init; }
    public required string SwapSides { get; init; }
    public required string ClearDenominators { get; init; }
    public required string Expand { get; init; }
    public required string Collect { get; init; }
    public required string Combine { get; init; }
    public required string Isolate { get; init; }
    public required string Check { get; init; }
    public required string LeftSide { get; init; }
    public required string RightSide { get; init; }
    public required string NothingLegible { get; init; }
    public required string NothingToSolve { get; init; }

    public static Wording In(string language) => language == "zh" ? Chinese : English;

    private static Wording Chinese { get; } = new()
    {
        Given = "题目：",
        Equation = "方程：",
        Stop = "。",
        Comma = "，",
        So = "，得",
        Brackets = "先算括号：",
        Add = "加法：",
        Subtract = "减法：",
        Multiply = "乘法：",
        Divide = "除法：",
        SwapSides = "左右交换：",
        ClearDenominators = "去分母：",
        Expand = "去括号：",
        Collect = "移项：",
        Combine = "合并同类项：",
        Isolate = "系数化为1：",
        Check = "检验：",
        LeftSide = "左边",
        RightSide = "右边",
        NothingLegible = "图中没有可以辨认的文字或算式。",
        NothingToSolve = "这里没有我会解的题目，只转写内容。",
    };

    private static Wording English { get; } = new()
    {
        Given = "Given: ",
        Equation = "Equation: ",
        Stop = ".",
        Comma = ", ",
        So = ", so ",
        Brackets = "Brackets first: ",
        Add = "Add: ",
        Subtract = "Subtract: ",
        Multiply = "Multiply: ",
        Divide = "Divide: ",
        SwapSides = "Swap sides: ",
        ClearDenominators = "Clear denominators: ",
        Expand = "Expand: ",
        Collect = "Collect terms: ",
        Combine = "Combine: ",
        Isolate = "Divide by the coefficient: ",
        Check = "Check: ",
        LeftSide = "left ",
        RightSide = "right ",
        NothingLegible = "Nothing in the photo can be read.",
        NothingToSolve = "There is nothing here that I can solve, so I only transcribe it.",
    };
}
