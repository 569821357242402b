using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace EduVision.Web.Data;

/// <summary>Lets <c>dotnet ef migrations add</c> work without starting the application.</summary>
internal sealed class DesignTimeDb : IDesignTimeDbContextFactory<EduVisionDb>
{
    public EduVisionDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<EduVisionDb>().UseSqlite("Data Source=design-time.db").Options);
}
