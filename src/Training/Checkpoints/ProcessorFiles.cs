using System.Text.Json;
using EduVision.Training.Learning;

namespace EduVision.Training.Checkpoints;

/// <summary>The image processor's settings and the chat template of the bundled model.</summary>
public static class ProcessorFiles
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // Qwen3-VL-Thinking's conversation format, without tools and videos: the prompt ends inside the reasoning, and the
    // reasoning of earlier turns is not fed back.
    private const string Template = """
        {%- for message in messages %}
            {{- '<|im_start|>' + message.role + '\n' }}
            {%- if message.content is string %}
                {%- set content = message.content %}
                {%- if message.role == 'assistant' and '</think>' in content %}
                    {%- set content = content.split('</think>')[-1].lstrip('\n') %}
                {%- endif %}
                {{- content }}
            {%- else %}
                {%- for part in message.content %}
                    {%- if part.type == 'image' or 'image' in part %}
                        {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
                    {%- elif 'text' in part %}
                        {{- part.text }}
                    {%- endif %}
                {%- endfor %}
            {%- endif %}
            {{- '<|im_end|>\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n<think>\n' }}
        {%- endif %}
        """;

    /// <summary>Writes preprocessor_config.json and chat_template.jinja.</summary>
    public static void Save(string directory)
    {
        var processor = new
        {
            size = new { shortest_edge = NanoDesign.MinPixels, longest_edge = NanoDesign.MaxPixels },
            patch_size = 16,
            temporal_patch_size = 2,
            merge_size = 2,
            image_mean = new[] { 0.5, 0.5, 0.5 },
            image_std = new[] { 0.5, 0.5, 0.5 },
            do_resize = true,
            do_rescale = true,
            do_normalize = true,
            do_convert_rgb = true,
            resample = 3,
            rescale_factor = 1 / 255.0,
            image_processor_type = "Qwen2VLImageProcessorFast",
            processor_class = "Qwen3VLProcessor",
        };
        File.WriteAllText(Path.Combine(directory, "preprocessor_config.json"), JsonSerializer.Serialize(processor, Indented) + "\n");
        File.WriteAllText(Path.Combine(directory, "chat_template.jinja"), Template + "\n");
    }
}
