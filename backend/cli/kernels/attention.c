/*
 * Attention of a few tokens over a long cache: what every step of generation computes, head by head in ggml.
 *
 * Heads that share their keys and values are computed together, so that each key and each value is read and converted
 * once for all of them. The cache of several sequences is one: what the mask hides of it is left out before anything
 * is multiplied. Softmax is taken block by block (FlashAttention, arXiv 2205.14135), in 32-bit floats throughout.
 */
#include "attention.h"

#include "ggml-cpu-impl.h"
#include "ggml-impl.h"
#include "ops.h"

void __real_ggml_compute_forward_flash_attn_ext(const struct ggml_compute_params *params, struct ggml_tensor *to);
void __wrap_ggml_compute_forward_flash_attn_ext(const struct ggml_compute_params *params, struct ggml_tensor *to);

#ifdef HAS_ATTENTION

#include <immintrin.h>
#include <math.h>

enum {
    LANES = 8,
    BLOCK = 64,        /* positions whose scores are kept */
    TOGETHER = 4,      /* positions, and vectors of a value, that are computed together */
    MOST_HEADS = 3,    /* that share keys and are computed together: their sums stay in registers */
    MOST_DIMENSIONS = 256,
    MANY_TOKENS = 64,  /* from here on ggml computes tiles */
    WIDE = 16,         /* halves of a vector */
    HIDDEN = 0xfc00,   /* minus infinity as a half */
    LINE = 32,         /* halves of a cache line */
    AHEAD = 16,        /* positions: the processor does not foresee the distance between keys of one head */
};

#define INLINE static inline __attribute__((always_inline))

/* What is computed, and where it lies. */
typedef struct {
    const struct ggml_tensor *queries, *keys, *values, *mask;
    struct ggml_tensor *to;
    float scale;
    int dimensions;
} attention;

/* Some heads of one token that share keys and values. */
typedef struct {
    float query[MOST_HEADS][MOST_DIMENSIONS] __attribute__((aligned(32)));
    float sum[MOST_HEADS][MOST_DIMENSIONS] __attribute__((aligned(32)));
    float scores[MOST_HEADS][BLOCK] __attribute__((aligned(32)));
    float highest[MOST_HEADS], weight[MOST_HEADS];
} heads_state;

INLINE __m256 load_halves(const ggml_fp16_t *from) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
}

/* e^x of eight floats that are not above zero; below -87 it is 0. */
INLINE __m256 exponential(__m256 x) {
    const __m256 log2e = _mm256_set1_ps(1.44269504f), high = _mm256_set1_ps(0.693359375f);
    const __m256 low = _mm256_set1_ps(-2.12194440e-4f);
    const __m256 is_tiny = _mm256_cmp_ps(x, _mm256_set1_ps(-87.0f), _CMP_LT_OQ);
    x = _mm256_max_ps(x, _mm256_set1_ps(-87.0f));
    const __m256 power = _mm256_round_ps(_mm256_mul_ps(x, log2e), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 rest = _mm256_fnmadd_ps(power, low, _mm256_fnmadd_ps(power, high, x));
    __m256 series = _mm256_set1_ps(1.9875691500e-4f);
    series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(1.3981999507e-3f));
    series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(8.3334519073e-3f));
    series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(4.1665795894e-2f));
    series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(1.6666665459e-1f));
    series = _mm256_fmadd_ps(series, rest, _mm256_set1_ps(5.0000001201e-1f));
    const __m256 value = _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(series, rest), rest, rest), _mm256_set1_ps(1.0f));
    const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(power), _mm256_set1_epi32(127)), 23);
    return _mm256_andnot_ps(is_tiny, _mm256_mul_ps(value, _mm256_castsi256_ps(exponent)));
}

INLINE float highest_of(__m256 x) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

INLINE float sum_of(__m256 x) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

/* The sums of four vectors. */
INLINE __m128 sums_of(const __m256 x[TOGETHER]) {
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(x[0], x[1]), _mm256_hadd_ps(x[2], x[3]));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

INLINE const ggml_fp16_t *cached(const struct ggml_tensor *cache, int head, int position) {
    return (const ggml_fp16_t *)((const char *)cache->data + head * cache->nb[2] + position * cache->nb[1]);
}

/*
 * The next positions that the mask shows, from `from` on; returns where to go on. A block is as full as it can be, so
 * that results do not depend on where in the cache a sequence lies.
 */
static int next_positions(const ggml_fp16_t *mask, int from, int end, int positions[BLOCK], float shift[BLOCK],
                          int *count) {
    const __m256i hidden = _mm256_set1_epi16((short)HIDDEN);
    int found = 0;
    for (; from < end && found < BLOCK; from += WIDE) {
        unsigned shown = 0;
        if (from + WIDE <= end) {
            const __m256i halves = _mm256_loadu_si256((const __m256i *)(mask + from));
            shown = ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi16(halves, hidden)) & 0x55555555u;
        } else {
            for (int i = 0; from + i < end; i++) shown |= mask[from + i] == HIDDEN ? 0u : 1u << 2 * i;
        }
        for (; shown; shown &= shown - 1) {
            const int position = from + __builtin_ctz(shown) / 2;
            if (found == BLOCK) {
                *count = found;
                return position;
            }
            shift[found] = _cvtsh_ss(mask[position]);
            positions[found++] = position;
        }
    }
    *count = found;
    return from;
}

INLINE void fetch(const ggml_fp16_t *from, int dimensions) {
    for (int d = 0; d < dimensions; d += LINE) _mm_prefetch((const char *)(from + d), _MM_HINT_T0);
}

/* Scores of a block. What lies after `count` up to a multiple of four repeats the last position. */
INLINE void score(const attention *a, heads_state *state, int heads, int head, const int *positions, int count) {
    for (int first = 0; first < count; first += TOGETHER) {
        const ggml_fp16_t *keys[TOGETHER];
        __m256 dots[MOST_HEADS][TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            const int position = positions[first + i < count ? first + i : count - 1];
            keys[i] = cached(a->keys, head, position);
            fetch(cached(a->keys, head, position + AHEAD), a->dimensions);
            fetch(cached(a->values, head, position), a->dimensions);
            for (int h = 0; h < heads; h++) dots[h][i] = _mm256_setzero_ps();
        }
        for (int d = 0; d < a->dimensions; d += LANES) {
            for (int i = 0; i < TOGETHER; i++) {
                const __m256 key = load_halves(keys[i] + d);
                for (int h = 0; h < heads; h++) {
                    dots[h][i] = _mm256_fmadd_ps(key, _mm256_load_ps(state->query[h] + d), dots[h][i]);
                }
            }
        }
        for (int h = 0; h < heads; h++) _mm_store_ps(state->scores[h] + first, sums_of(dots[h]));
    }
}

/* Turn the scores of a block into weights, and what was summed before into the same scale. */
INLINE void weigh(const attention *a, heads_state *state, int heads, const float *shift, int count) {
    const int padded = (count + LANES - 1) / LANES * LANES;
    for (int h = 0; h < heads; h++) {
        float *scores = state->scores[h];
        for (int i = 0; i < count; i++) scores[i] = scores[i] * a->scale + shift[i];
        for (int i = count; i < padded; i++) scores[i] = -INFINITY;
        __m256 highest = _mm256_load_ps(scores);
        for (int i = LANES; i < padded; i += LANES) highest = _mm256_max_ps(highest, _mm256_load_ps(scores + i));
        const float now = fmaxf(state->highest[h], highest_of(highest));
        const float kept = expf(state->highest[h] - now);
        __m256 total = _mm256_setzero_ps();
        for (int i = 0; i < padded; i += LANES) {
            const __m256 weights = exponential(_mm256_sub_ps(_mm256_load_ps(scores + i), _mm256_set1_ps(now)));
            _mm256_store_ps(scores + i, weights);
            total = _mm256_add_ps(total, weights);
        }
        state->weight[h] = state->weight[h] * kept + sum_of(total);
        state->highest[h] = now;
        if (kept != 1.0f) {
            for (int d = 0; d < a->dimensions; d += LANES) {
                const __m256 before = _mm256_load_ps(state->sum[h] + d);
                _mm256_store_ps(state->sum[h] + d, _mm256_mul_ps(before, _mm256_set1_ps(kept)));
            }
        }
    }
}

/* Add the weighted values of a block, `wide` vectors from dimension `d` on. */
INLINE void add_values(const attention *a, heads_state *state, int heads, int head, const int *positions, int count,
                       int d, int wide) {
    __m256 sums[MOST_HEADS][TOGETHER];
    for (int h = 0; h < heads; h++) {
        for (int j = 0; j < wide; j++) sums[h][j] = _mm256_load_ps(state->sum[h] + d + j * LANES);
    }
    for (int i = 0; i < count; i++) {
        const ggml_fp16_t *value = cached(a->values, head, positions[i]) + d;
        __m256 weights[MOST_HEADS];
        for (int h = 0; h < heads; h++) weights[h] = _mm256_broadcast_ss(state->scores[h] + i);
        for (int j = 0; j < wide; j++) {
            const __m256 part = load_halves(value + j * LANES);
            for (int h = 0; h < heads; h++) sums[h][j] = _mm256_fmadd_ps(part, weights[h], sums[h][j]);
        }
    }
    for (int h = 0; h < heads; h++) {
        for (int j = 0; j < wide; j++) _mm256_store_ps(state->sum[h] + d + j * LANES, sums[h][j]);
    }
}

/* `heads` heads from `first` on, of one token; they share the keys and values of `cache_head`. */
INLINE void attend(const attention *a, int token, int first, int heads, int cache_head) {
    heads_state state;
    for (int h = 0; h < heads; h++) {
        const char *query = (const char *)a->queries->data + token * a->queries->nb[1] + (first + h) * a->queries->nb[2];
        memcpy(state.query[h], query, (size_t)a->dimensions * sizeof(float));
        memset(state.sum[h], 0, (size_t)a->dimensions * sizeof(float));
        state.highest[h] = -INFINITY;
        state.weight[h] = 0.0f;
    }
    const ggml_fp16_t *mask = (const ggml_fp16_t *)((const char *)a->mask->data + token * a->mask->nb[1]);
    const int end = (int)a->keys->ne[1];
    int positions[BLOCK], count;
    float shift[BLOCK];
    for (int from = 0; from < end;) {
        from = next_positions(mask, from, end, positions, shift, &count);
        if (count == 0) continue;
        score(a, &state, heads, cache_head, positions, count);
        weigh(a, &state, heads, shift, count);
        int d = 0;
        for (; d + TOGETHER * LANES <= a->dimensions; d += TOGETHER * LANES) {
            add_values(a, &state, heads, cache_head, positions, count, d, TOGETHER);
        }
        for (; d < a->dimensions; d += LANES) add_values(a, &state, heads, cache_head, positions, count, d, 1);
    }
    for (int h = 0; h < heads; h++) {
        const __m256 share = _mm256_set1_ps(state.weight[h] > 0.0f ? 1.0f / state.weight[h] : 0.0f);
        float *to = (float *)((char *)a->to->data + token * a->to->nb[2] + (first + h) * a->to->nb[1]);
        for (int d = 0; d < a->dimensions; d += LANES) {
            _mm256_storeu_ps(to + d, _mm256_mul_ps(_mm256_load_ps(state.sum[h] + d), share));
        }
    }
}

static void attend_1(const attention *a, int token, int first, int cache_head) {
    attend(a, token, first, 1, cache_head);
}

static void attend_2(const attention *a, int token, int first, int cache_head) {
    attend(a, token, first, 2, cache_head);
}

static void attend_3(const attention *a, int token, int first, int cache_head) {
    attend(a, token, first, 3, cache_head);
}

static bool is_ours(const attention *a, const float options[3]) {
    const struct ggml_tensor *q = a->queries, *k = a->keys, *v = a->values, *mask = a->mask;
    const bool is_plain = options[1] == 0.0f && options[2] == 0.0f && a->to->src[4] == NULL; /* no bias, cap or sinks */
    const bool has_types = q->type == GGML_TYPE_F32 && k->type == GGML_TYPE_F16 && v->type == GGML_TYPE_F16 &&
                           mask != NULL && mask->type == GGML_TYPE_F16;
    if (!is_plain || !has_types) return false;
    const bool is_one = q->ne[3] == 1 && k->ne[3] == 1 && v->ne[3] == 1 && mask->ne[2] == 1 && mask->ne[3] == 1;
    const bool fits = k->ne[0] == v->ne[0] && k->ne[0] % LANES == 0 && k->ne[0] <= MOST_DIMENSIONS;
    const bool shares = k->ne[2] == v->ne[2] && q->ne[2] % k->ne[2] == 0;
    return is_one && fits && shares && q->ne[1] < MANY_TOKENS;
}

void __wrap_ggml_compute_forward_flash_attn_ext(const struct ggml_compute_params *params, struct ggml_tensor *to) {
    const float *options = (const float *)to->op_params; /* scale, bias, cap */
    const attention a = {.queries = to->src[0],
                         .keys = to->src[1],
                         .values = to->src[2],
                         .mask = to->src[3],
                         .to = to,
                         .scale = options[0],
                         .dimensions = (int)to->src[1]->ne[0]};
    if (params->use_ref || !is_ours(&a, options)) {
        __real_ggml_compute_forward_flash_attn_ext(params, to);
        return;
    }
    const int heads = (int)a.queries->ne[2], sharing = heads / (int)a.keys->ne[2];
    const int64_t all = a.queries->ne[1] * heads;
    const int64_t end = all * (params->ith + 1) / params->nth;
    for (int64_t at = all * params->ith / params->nth; at < end;) {
        const int token = (int)(at / heads), head = (int)(at % heads), cache_head = head / sharing;
        int64_t left = (cache_head + 1) * sharing - head;
        left = left < end - at ? left : end - at;
        if (left >= 3) {
            attend_3(&a, token, head, cache_head);
            at += 3;
        } else if (left == 2) {
            attend_2(&a, token, head, cache_head);
            at += 2;
        } else {
            attend_1(&a, token, head, cache_head);
            at += 1;
        }
    }
}

#else

void __wrap_ggml_compute_forward_flash_attn_ext(const struct ggml_compute_params *params, struct ggml_tensor *to) {
    __real_ggml_compute_forward_flash_attn_ext(params, to);
}

#endif
