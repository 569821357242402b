using EduVision.Web.Localization;
using MudBlazor;

namespace EduVision.Web.History;

/// <summary>Rename and delete, with the dialog and the way back, the same wherever they are offered.</summary>
public sealed class HistoryActions(HistoryBook history, IDialogService dialogs, ISnackbar snackbar, Texts texts)
{
    /// <summary>Asks for a new title and keeps it.</summary>
    public async Task RenameAsync(Guid id, string title)
    {
        var parameters = new DialogParameters<RenameDialog> { { d => d.Title, title } };
        var dialog = await dialogs.ShowAsync<RenameDialog>(texts["History.Rename"], parameters, new DialogOptions { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true });
        if (await dialog.Result is { Canceled: false, Data: string chosen }) await history.RenameAsync(id, chosen);
    }

    /// <summary>Deletes at once and offers to undo.</summary>
    public async Task DeleteAsync(Guid id, string title)
    {
        await history.DeleteAsync(id);
        snackbar.Add(texts["History.Deleted", title], Severity.Normal, options =>
        {
            options.HideIcon = true;
            options.Action = texts["History.Undo"];
            options.OnClick = _ => history.RestoreAsync(id);
        });
    }
}
