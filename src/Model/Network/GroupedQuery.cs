using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>Scaled dot product attention where several query heads share one key and value head.</summary>
internal static class GroupedQuery
{
    /// <param name="query">[batch, heads, queries, headDim].</param>
    /// <param name="key">[batch, kvHeads, keys, headDim].</param>
    /// <param name="value">[batch, kvHeads, keys, headDim].</param>
    /// <param name="mask">[queries, keys], true where a query sees a key; null: all, or what <paramref name="causal"/> says.</param>
    /// <param name="causal">Query i sees keys up to i.</param>
    /// <returns>[batch, heads, queries, headDim].</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal)
    {
        var (batch, heads, queries, dim) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var (kvHeads, group) = (key.shape[1], heads / key.shape[1]);
        if (queries == 1)
        {
            // One query a head sees all keys: the heads of a group become its queries, and no key is copied.
            return scaled_dot_product_attention(query.reshape(batch, kvHeads, group, dim), key, value).reshape(batch, heads, 1, dim);
        }

        var (keys, values) = group == 1 ? (key, value) : (key.repeat_interleave(group, 1), value.repeat_interleave(group, 1));
        return scaled_dot_product_attention(query, keys, values, attn_mask: mask, is_casual: causal && mask is null);
    }
}
