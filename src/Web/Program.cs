using EduVision.Web.Answers;
using EduVision.Web.Components;
using EduVision.Web.Data;
using EduVision.Web.History;
using EduVision.Web.Localization;
using EduVision.Web.Questions;
using EduVision.Web.Settings;
using EduVision.Web.Status;
using EduVision.Web.Supervision;
using EduVision.Web.Uploads;

// Settings and files lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

builder.AddDefaults();
builder.AddLoopbackOnly();
builder.AddTexts();
builder.AddData();
builder.AddInference();
builder.AddUploads();
builder.AddQuestions();
builder.AddHistory();
builder.AddStatus();
builder.AddSettings();
builder.AddPages();

var app = builder.Build();

app.UseSecurityHeaders();
app.UseTexts();
app.UseNotFoundPage();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapUploads();
app.MapLanguage();
app.MapExport();
app.MapPages();

return await app.RunUntilStoppedAsync();
