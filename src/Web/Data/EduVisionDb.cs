using System.Text.Json;
using EduVision.Shared;
using EduVision.Web.Questions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace EduVision.Web.Data;

/// <summary>Everything that is kept, in one SQLite file.</summary>
/// <param name="options">The connection.</param>
public sealed class EduVisionDb(DbContextOptions<EduVisionDb> options) : DbContext(options)
{
    /// <summary>What was asked.</summary>
    public DbSet<Question> Questions => Set<Question>();

    /// <summary>The turns.</summary>
    public DbSet<Exchange> Exchanges => Set<Exchange>();

    /// <summary>The photos of the turns.</summary>
    public DbSet<ExchangePhoto> Photos => Set<ExchangePhoto>();

    /// <summary>The answers.</summary>
    public DbSet<StoredAnswer> Answers => Set<StoredAnswer>();

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Question>(question =>
        {
            question.Property(q => q.Title).HasMaxLength(200);
            question.Property(q => q.Language).HasMaxLength(8);
            question.HasIndex(q => new { q.Deleted, q.Updated });
            question.HasMany(q => q.Exchanges).WithOne().HasForeignKey(e => e.QuestionId);
        });
        modelBuilder.Entity<Exchange>(exchange =>
        {
            exchange.HasIndex(e => new { e.QuestionId, e.Number }).IsUnique();
            exchange.HasMany(e => e.Photos).WithOne().HasForeignKey(p => p.ExchangeId);
            exchange.HasMany(e => e.Answers).WithOne().HasForeignKey(a => a.ExchangeId);
        });
        modelBuilder.Entity<ExchangePhoto>(photo =>
        {
            photo.HasKey(p => new { p.ExchangeId, p.Number });
            photo.Property(p => p.Sha256).HasMaxLength(64);
            photo.HasIndex(p => p.Sha256);
        });
        modelBuilder.Entity<StoredAnswer>(answer =>
        {
            answer.HasIndex(a => new { a.ExchangeId, a.Attempt }).IsUnique();
            answer.HasIndex(a => a.State);
            answer.Property(a => a.Usage).HasConversion(new JsonConverter<Usage?>());
            answer.Property(a => a.Timings).HasConversion(new JsonConverter<Timings?>());
            answer.Property(a => a.FailureParameters).HasConversion(
                new JsonConverter<Dictionary<string, string>>(),
                new ValueComparer<Dictionary<string, string>>(
                    (a, b) => JsonConverter<Dictionary<string, string>>.Write(a!) == JsonConverter<Dictionary<string, string>>.Write(b!),
                    value => value.Count,
                    value => new Dictionary<string, string>(value)));
        });
    }

    private sealed class UtcConverter() : ValueConverter<DateTime, DateTime>(
        value => value, value => DateTime.SpecifyKind(value, DateTimeKind.Utc));

    private sealed class JsonConverter<T>() : ValueConverter<T, string>(value => Write(value), text => Read(text))
    {
        public static string Write(T value) => JsonSerializer.Serialize(value);

        private static T Read(string text) => JsonSerializer.Deserialize<T>(text)!;
    }
}
