using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>The weights of a model folder: one <c>model.safetensors</c>, or shards named by <c>model.safetensors.index.json</c>.</summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>Name of the weights when they are in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>Name of the list of shards when they are in several.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly string source;
    private readonly Dictionary<string, SafetensorsFile> fileOf;

    private Checkpoint(string source, Dictionary<string, SafetensorsFile> fileOf)
    {
        this.source = source;
        this.fileOf = fileOf;
    }

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => fileOf.Keys;

    /// <summary>Opens a folder's weights and checks every shard against the index.</summary>
    /// <exception cref="ModelFileException">There are no weights, or a file is damaged or disagrees with the index.</exception>
    public static Checkpoint Open(string directory)
    {
        var index = Path.Combine(directory, IndexFile);
        var single = Path.Combine(directory, SingleFile);
        if (File.Exists(index))
        {
            return OpenShards(directory, index);
        }

        if (!File.Exists(single))
        {
            throw new ModelFileException(directory, $"there is neither {SingleFile} nor {IndexFile}; expected the folder of a downloaded or saved model.");
        }

        var file = SafetensorsFile.Open(single);
        return new Checkpoint(single, file.Tensors.Keys.ToDictionary(name => name, _ => file));
    }

    public bool Contains(string name) => fileOf.ContainsKey(name);

    /// <summary>Type and shape of a tensor as stored.</summary>
    /// <exception cref="ModelFileException">There is none of that name.</exception>
    public StoredTensor Describe(string name) => FileOf(name).Tensors[name];

    /// <summary>Path of the file that holds a tensor.</summary>
    public string PathOf(string name) => FileOf(name).Path;

    /// <summary>Loads a tensor to the CPU in its stored type; FP8 comes as raw bytes (<c>uint8</c>).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <returns>The caller owns it.</returns>
    /// <exception cref="ModelFileException">There is none of that name, or it has another shape.</exception>
    public Tensor Load(string name, params IReadOnlyList<long> shape)
    {
        CheckShape(name, shape);
        return FileOf(name).Load(name);
    }

    /// <summary>Asks whether a tensor can be loaded in that shape, before anything is allocated for it.</summary>
    /// <exception cref="ModelFileException">There is none of that name, or it has another shape.</exception>
    public void CheckShape(string name, params IReadOnlyList<long> shape)
    {
        var file = FileOf(name);
        if (!file.Tensors[name].Shape.SequenceEqual(shape))
        {
            throw new ModelFileException(file.Path, $"tensor `{name}` is {StoredTypes.Show(file.Tensors[name].Shape)}, expected {StoredTypes.Show(shape)}.");
        }
    }

    public void Dispose()
    {
        foreach (var file in fileOf.Values.Distinct())
        {
            file.Dispose();
        }
    }

    private static Checkpoint OpenShards(string directory, string index)
    {
        var map = JsonFields.Read(index).RequiredObject("weight_map");
        var files = new Dictionary<string, SafetensorsFile>();
        try
        {
            var fileOf = new Dictionary<string, SafetensorsFile>();
            foreach (var name in map.Names)
            {
                var shard = map.Text(name) ?? throw map.Missing(name, "the name of a shard");
                if (shard != Path.GetFileName(shard))
                {
                    throw new ModelFileException(index, $"tensor `{name}` is said to be in \"{shard}\", expected a file beside the index.");
                }

                if (!files.TryGetValue(shard, out var file))
                {
                    files[shard] = file = SafetensorsFile.Open(Path.Combine(directory, shard));
                }

                fileOf[name] = file.Tensors.ContainsKey(name) ? file : throw new ModelFileException(file.Path, $"tensor `{name}` is missing; {IndexFile} says it is here.");
            }

            return new Checkpoint(index, fileOf);
        }
        catch
        {
            foreach (var file in files.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    private SafetensorsFile FileOf(string name) =>
        fileOf.GetValueOrDefault(name) ?? throw new ModelFileException(source, $"tensor `{name}` is missing.");
}
