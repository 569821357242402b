using System.Buffers.Binary;
using System.Text;
using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Weights;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void What_is_written_is_read(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var matrix = arange(6).view(2, 3).to(type);
        var scalar = tensor(3).to(type);
        var nothing = zeros([0, 4], type);
        var path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [TensorToWrite.Of("matrix", matrix), TensorToWrite.Of("scalar", scalar), TensorToWrite.Of("nothing", nothing)], new Dictionary<string, string> { ["说明"] = "测试" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal("测试", file.Metadata["说明"]);
        Assert.True(file.Load("matrix").equal(matrix).all().item<bool>());
        Assert.Equal(type, file.Load("scalar").dtype);
        Assert.Empty(file.Load("scalar").shape);
        Assert.Equal([0, 4], file.Load("nothing").shape);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_transposed_tensor_is_written_in_its_own_order()
    {
        using var scope = NewDisposeScope();
        var transposed = arange(6).view(2, 3).t();
        SafetensorsWriter.Write(folder.File("t.safetensors"), [TensorToWrite.Of("t", transposed)]);
        using var file = SafetensorsFile.Open(folder.File("t.safetensors"));
        Assert.Equal([0L, 3, 1, 4, 2, 5], file.Load("t").data<long>().ToArray());
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        var path = folder.File("a.safetensors");
        File.WriteAllText(path, "old");
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [new TensorToWrite("x", StoredType.F32, [3], () => zeros(2))]));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "`x`", "cut short")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "4 bytes follow")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "`x`", "12 bytes", "span 8")]
    [InlineData("""{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,8]}}""", 8, "`x`", "BF16 [2]")]
    [InlineData("""{"x":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}""", 8, "`x`", "\"Q4\"")]
    [InlineData("""{"x":{"dtype":"0","shape":[2],"data_offsets":[0,8]}}""", 8, "`x`", "\"0\"")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "`y`", "overlaps")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "`y`", "gap")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "`x`", "shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "`x`", "more than a file")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "`x`", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "`x`", "twice")]
    [InlineData("""{"x":{"shape":[2],"data_offsets":[0,8]}}""", 8, "`x`", "lacks dtype")]
    [InlineData("""{"x":7}""", 0, "`x`")]
    [InlineData("""[1,2]""", 0, "expected an object")]
    [InlineData("""{"x":""", 0, "not a safetensors file", "JSON")]
    public void A_damaged_header_names_the_file_and_the_mismatch(string header, int dataBytes, params string[] message)
    {
        var path = folder.File("damaged.safetensors");
        File.WriteAllBytes(path, [.. Length(Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]]);
        var exception = Assert.Throws<ModelFileException>(() => SafetensorsFile.Open(path));
        Assert.Equal(path, exception.File);
        Assert.All([path, .. message], part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_too_short_for_a_header_is_refused(int bytes) => Refused(new byte[bytes], "not a safetensors file");

    [Theory]
    [InlineData(1000)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    public void A_header_longer_than_the_file_is_refused(long length) => Refused([.. Length(length), .. "{}      "u8], "cut short");

    [Fact]
    public void A_foreign_file_is_refused() => Refused([.. "PK\u0003\u0004 this is a zip archive, not weights"u8], "not a safetensors file");

    [Fact]
    public void A_missing_tensor_names_itself_and_the_file()
    {
        SafetensorsWriter.Write(folder.File("a.safetensors"), []);
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        Assert.Contains("`x`", Assert.Throws<ModelFileException>(() => file.Load("x")).Message, StringComparison.Ordinal);
        Assert.Throws<ModelFileException>(() => SafetensorsFile.Open(folder.File("b.safetensors")));
    }

    [Fact]
    public void A_closed_file_is_not_read()
    {
        using var one = ones(1);
        SafetensorsWriter.Write(folder.File("a.safetensors"), [TensorToWrite.Of("x", one)]);
        var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Load("x"));
    }

    private void Refused(byte[] content, string message)
    {
        var path = folder.File("foreign.safetensors");
        File.WriteAllBytes(path, content);
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    private static byte[] Length(long length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }
}
