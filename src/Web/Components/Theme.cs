using MudBlazor;

namespace EduVision.Web.Components;

/// <summary>Ink on paper: warm white, ink blue, a seal's red for what must be seen. Fonts are the system's own, Chinese first.</summary>
internal static class Theme
{
    private static readonly string[] Sans =
    [
        "PingFang SC", "HarmonyOS Sans SC", "MiSans", "Noto Sans SC", "Source Han Sans SC", "Noto Sans CJK SC", "Microsoft YaHei UI",
        "Microsoft YaHei", "system-ui", "Segoe UI", "Roboto", "sans-serif",
    ];

    public static readonly MudTheme EduVision = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#245a73",
            PrimaryContrastText = "#ffffff",
            Secondary = "#a83a2a",
            Error = "#a83a2a",
            Success = "#2f6b4a",
            Warning = "#8a5a00",
            Info = "#245a73",
            Background = "#faf8f3",
            BackgroundGray = "#f2efe7",
            Surface = "#ffffff",
            AppbarBackground = "#faf8f3",
            AppbarText = "#22272b",
            DrawerBackground = "#f4f1e9",
            DrawerText = "#22272b",
            DrawerIcon = "#5a6167",
            TextPrimary = "#22272b",
            TextSecondary = "#5a6167",
            TextDisabled = "#8b9095",
            ActionDefault = "#5a6167",
            LinesDefault = "#e3ded2",
            LinesInputs = "#b9b3a5",
            Divider = "#e3ded2",
            Dark = "#2b3136",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#86bfd8",
            PrimaryContrastText = "#0f1c23",
            Secondary = "#e58b7b",
            Error = "#ec9284",
            Success = "#8ac7a3",
            Warning = "#e0b567",
            Info = "#86bfd8",
            SecondaryContrastText = "#0f1c23",
            ErrorContrastText = "#0f1c23",
            SuccessContrastText = "#0f1c23",
            WarningContrastText = "#0f1c23",
            InfoContrastText = "#0f1c23",
            Background = "#14181b",
            BackgroundGray = "#1a1f23",
            Surface = "#1c2226",
            AppbarBackground = "#14181b",
            AppbarText = "#e6e3dc",
            DrawerBackground = "#181d20",
            DrawerText = "#e6e3dc",
            DrawerIcon = "#a3a9ad",
            TextPrimary = "#e6e3dc",
            TextSecondary = "#a6acb0",
            TextDisabled = "#70777c",
            ActionDefault = "#a6acb0",
            LinesDefault = "#2e353a",
            LinesInputs = "#4a535a",
            Divider = "#2e353a",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "10px", DrawerWidthLeft = "288px", AppbarHeight = "56px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = "1rem", LineHeight = "1.65", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = "1rem", LineHeight = "1.65", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = ".9rem", LineHeight = "1.6", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = ".95rem", FontWeight = "500", TextTransform = "none", LetterSpacing = "normal" },
            Caption = new CaptionTypography { FontFamily = Sans, FontSize = ".82rem", LetterSpacing = "normal" },
        },
    };
}
