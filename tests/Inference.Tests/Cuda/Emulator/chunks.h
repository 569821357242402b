// Attention of chunks, in one pass and span by span: the bits of decodes.
#pragma once

struct Range { int start, count; };

// A step of a chunk of each of these sequences, whose past is random and whose blocks are anywhere in the cache.
static void test_chunks(const std::vector<Range> &chunks) {
    const int key_heads = min(KV_HEADS, 2), width = HEADS * HEAD_DIM;
    int tokens = 0, blocks = 0, table_width = 0, spans = 0;
    for (Range chunk : chunks) {
        const int end = chunk.start + chunk.count;
        tokens += chunk.count;
        blocks += groups(end, BLOCK_SIZE);
        table_width = max(table_width, groups(end, BLOCK_SIZE));
        spans = max(spans, groups(end, SPAN));
        printf("-- %d tokens behind %d\n", chunk.count, chunk.start);
    }
    // What belongs to no sequence is no number; what is behind a sequence's last position in its last sixteen places may be anything that a value can be.
    const size_t size = (size_t)(blocks + 1) * BLOCK_SIZE * KV_HEADS * HEAD_DIM;
    std::vector<u16> queries(tokens * width), keys(size, 0x7e00), values(size, 0x7e00);
    for (u16 &v : queries) v = to_half(normal());
    std::vector<int> order(blocks), tables(chunks.size() * table_width), places, ones, tiles;
    for (int i = 0; i < blocks; i++) order[i] = 1 + i;
    std::shuffle(order.begin(), order.end(), generator);
    for (int sequence = 0, next = 0; sequence < (int)chunks.size(); sequence++) {
        const auto [start, count] = chunks[sequence];
        const int row = places.size(), end = start + count;
        for (int i = 0; i < groups(end, BLOCK_SIZE); i++) tables[sequence * table_width + i] = order[next++];
        for (int p = 0; p < groups(end, 16) * 16; p++)
            for (int kv = 0; kv < KV_HEADS; kv++) {
                const int slot = tables[sequence * table_width + p / BLOCK_SIZE] * BLOCK_SIZE + p % BLOCK_SIZE;
                // Some keys far larger than the others: what was seen before them weighs nothing.
                const float scale = p % 97 == 50 ? 40 : 1;
                for (int i = 0; i < HEAD_DIM; i++) {
                    if (p < end) keys[key_at(slot, kv) + i] = to_half(normal() * scale);
                    values[values_at(slot, kv) + i * 16 + value_place(p % 16)] = to_half(p < end ? normal() : 60000.f);
                }
            }
        for (int i = 0; i < count; i++) ones.insert(ones.end(), {row + i, 1, sequence}), places.push_back(start + i);
        for (int i = 0; i < count; i += FLASH_TOKENS) tiles.insert(tiles.end(), {row + i, min(FLASH_TOKENS, count - i), sequence});
    }

    auto x_of = [&](int together) { return std::vector<u16>(max(tokens, together * 8) * width, 0x7e00); };
    // The heaviest first, as a step lists them; the order changes nothing.
    std::vector<int> heavy;
    for (int i = (int)tiles.size() - 3; i >= 0; i -= 3) heavy.insert(heavy.end(), &tiles[i], &tiles[i] + 3);
    auto by_spans = [&](const std::vector<int> &list, int each, int together) {
        const int count = list.size() / 3;
        std::vector<float> sums(count * each * HEADS * spans * HEAD_DIM, NAN), marks(count * each * HEADS * spans * 2, NAN);
        auto x = x_of(together);
        if (each == 1) launch({count, key_heads, spans}, 128, [&] { attend_one(queries.data(), keys.data(), values.data(), tables.data(), list.data(), places.data(), sums.data(), marks.data(), table_width, spans); });
        else launch({key_heads, count, spans}, FLASH_THREADS, [&] { attend_spans(queries.data(), keys.data(), values.data(), tables.data(), list.data(), places.data(), sums.data(), marks.data(), table_width, spans); });
        launch({count, groups(HEADS, 4), each}, 128, [&] {
            if ((int)(blockIdx.y * 4 + threadIdx.x / 32) < key_heads * GROUP) join(sums.data(), marks.data(), list.data(), places.data(), x.data(), spans, together);
        });
        return x;
    };
    auto at_once = [&](int together) {
        auto x = x_of(together);
        launch({key_heads, (int)heavy.size() / 3, 1}, FLASH_THREADS, [&] { attend_chunks(queries.data(), keys.data(), values.data(), tables.data(), heavy.data(), places.data(), x.data(), table_width, together); });
        return x;
    };
    const auto alone = by_spans(ones, 1, 0);
    size_t numbers = 0;
    for (u16 v : alone) numbers += (v & 0x7c00) != 0x7c00;
    check("every column is a number", numbers == (size_t)tokens * key_heads * GROUP * HEAD_DIM, numbers);
    same("attention in one pass, the bits of decodes", alone, at_once(0));
    same("attention by spans, the bits of decodes", alone, by_spans(heavy, FLASH_TOKENS, 0));
    same("attention in one pass, in tiles", in_tiles(alone, tokens, width), at_once(groups_of(tokens)));
}
