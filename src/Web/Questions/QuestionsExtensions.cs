using EduVision.Web.Recording;

namespace EduVision.Web.Questions;

/// <summary>Asking and recording.</summary>
public static class QuestionsExtensions
{
    /// <summary>Registers them.</summary>
    public static WebApplicationBuilder AddQuestions(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RecordingOptions>().BindConfiguration("Recording");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<QuestionChanges>();
        builder.Services.AddSingleton<Recorders>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Recorders>());
        builder.Services.AddSingleton<QuestionBook>();
        return builder;
    }
}
