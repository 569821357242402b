// The products by warp groups: the bits of the others, from activations in tiles.
#pragma once

// Tokens of a row of halves each, as few tokens have them, in tiles; what belongs to no token is no number.
static std::vector<u16> in_tiles(const std::vector<u16> &x, int tokens, int columns) {
    const int count = groups_of(tokens);
    std::vector<u16> tiles(count * 8 * columns, 0x7e00);
    for (int t = 0; t < tokens; t++)
        for (int i = 0; i < columns; i++) tiles[x_at(t, i, columns, count)] = x[x_at(t, i, columns, 0)];
    return tiles;
}

static void test_together(int tokens, int rows, int columns, const std::vector<u8> &tiles, const std::vector<u8> &pairs, const std::vector<float> &scales,
                          const std::vector<u16> &x, const std::vector<float> &plain, const std::vector<u16> &halves) {
    const std::vector<u16> across = in_tiles(x, tokens, columns), gated = in_tiles(halves, tokens, rows);
    auto stores = [&](const char *name, Place grid, int cluster, auto kernel, float start) {
        std::vector<float> out(tokens * rows, start);
        launch(grid, 256, [&] { kernel(tiles.data(), scales.data(), across.data(), out.data(), rows, columns, tokens); }, cluster);
        same(name, plain, out);
    };
    auto gates = [&](const char *name, Place grid, int cluster, auto kernel) {
        std::vector<u16> out(gated.size(), 0x7e00);
        launch(grid, 256, [&] { kernel(pairs.data(), scales.data(), across.data(), out.data(), rows, columns, tokens); }, cluster);
        same(name, gated, out);
    };
    // Of the kernel in tiles: fewer blocks than tiles, and more rows of tiles than fill a cluster.
    stores("the same bits by clusters", {rows / 32, groups(tokens, 64), 1}, 4, split_store_8, NAN);
    stores("the same bits by clusters of fewer tokens", {rows / 32, groups(tokens, 32), 1}, 4, split_add_4, 0.f);
    stores("the same bits by groups of warps", {2, 1, 1}, 1, prefill_store_1, NAN);
    stores("the same bits by pairs of blocks", {2, 1, 1}, 2, prefill_add_2, 0.f);
    gates("gated, the same bits by clusters", {rows / 16, groups(tokens, 32), 1}, 4, split_gated_4);
    gates("gated, the same bits by clusters of more tokens", {rows / 16, groups(tokens, 64), 1}, 4, split_gated_8);
    gates("gated, the same bits by pairs of blocks", {2, 1, 1}, 2, prefill_gated_2);
}
