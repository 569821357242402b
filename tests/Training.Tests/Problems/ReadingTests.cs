using EduVision.Training.Problems;

namespace EduVision.Training.Tests.Problems;

public sealed class ReadingTests
{
    [Fact]
    public void The_list_has_at_least_600_characters_each_once()
    {
        Assert.InRange(CharacterList.Common.Length, 600, 1000);
        Assert.Equal(CharacterList.Common.Length, CharacterList.Common.Distinct().Count());
        Assert.All(CharacterList.Common, character => Assert.InRange(character, '\u4E00', '\u9FFF'));
    }

    [Fact]
    public void Every_phrase_fits_a_column_and_uses_listed_characters()
    {
        Assert.InRange(CharacterList.Phrases.Length, 100, 1000);
        Assert.Equal(CharacterList.Phrases.Length, CharacterList.Phrases.Distinct().Count());
        Assert.All(CharacterList.Phrases, phrase =>
        {
            Assert.InRange(phrase.Length, 2, 8);
            Assert.Empty(phrase.Except(CharacterList.Common));
        });
    }

    [Fact]
    public void Columns_have_one_to_eight_characters_and_every_character_occurs()
    {
        var pictures = Enumerable.Range(0, 3000).Select(i => (ColumnsPicture)ColumnsGenerator.Transcribe(new Random(i), "zh").Picture).ToList();
        Assert.All(pictures, picture =>
        {
            Assert.InRange(picture.Columns.Length, 1, 5);
            Assert.All(picture.Columns, column => Assert.InRange(column.Length, 1, 8));
        });
        Assert.Equal(5, pictures.Select(picture => picture.Columns.Length).Distinct().Count());
        Assert.InRange(pictures.Count(picture => picture.Columns is [{ Length: 1 }]), 500, 900);
        // A row of single characters is no page of columns: nobody could say from which end to read it.
        Assert.All(pictures.Where(picture => picture.Columns.Length > 1), picture => Assert.True(picture.Columns[0].Length > 1));
        Assert.Equal(CharacterList.Common.Length, pictures.SelectMany(picture => picture.Columns).SelectMany(column => column).Distinct().Count());
    }

    [Fact]
    public void Few_columns_can_be_known_by_heart_and_as_many_look_as_if_they_could()
    {
        var phrases = CharacterList.Phrases.ToHashSet();
        bool LooksKnown(string column) => phrases.Any(phrase => phrase.Length == column.Length && phrase.Zip(column).Count(pair => pair.First == pair.Second) * 2 >= phrase.Length);
        var columns = Enumerable.Range(0, 3000).Select(i => (ColumnsPicture)ColumnsGenerator.Transcribe(new Random(i), "zh").Picture)
            .Where(picture => picture.Columns is not [{ Length: 1 }]).ToList();
        var known = columns.Count(picture => picture.Columns.All(phrases.Contains));
        var lookKnown = columns.Count(picture => picture.Columns.Length > 1 && picture.Columns.All(LooksKnown) && !picture.Columns.All(phrases.Contains));
        Assert.InRange((double)known / columns.Count, 0.13, 0.22);
        Assert.InRange((double)lookKnown / columns.Count, 0.03, 0.2);
    }
}
