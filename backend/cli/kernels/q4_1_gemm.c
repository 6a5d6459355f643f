/*
 * The product of Q4_1 weights and Q8_1 activations in any number of columns, which ggml computes one dot at a time.
 *
 * Eight rows of weights are unpacked once into vectors that hold four consecutive weights of each row. Multiplied with
 * four activations of a column, they add up to the results of eight rows at once: no sum across a vector is needed, and
 * within a block of 32 the sums fit 16 bits (8 * 2 * 15 * 127). Many columns share one unpacking.
 */
#include "q4_1_gemm.h"

#include "ggml-cpu-impl.h"
#define GGML_COMMON_DECL_C
#include "ggml-common.h"

bool __real_llamafile_sgemm(const struct ggml_compute_params *params, int64_t m, int64_t n, int64_t k, const void *a,
                            int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc, int a_type, int b_type,
                            int c_type);
bool __wrap_llamafile_sgemm(const struct ggml_compute_params *params, int64_t m, int64_t n, int64_t k, const void *a,
                            int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc, int a_type, int b_type,
                            int c_type);

#ifdef HAS_Q4_1_GEMM

#include <immintrin.h>

enum {
    ROWS = 8,       /* of one vector of results */
    QUADS = 8,      /* groups of four weights in a block of 32 */
    COLUMNS = 4,    /* whose sums stay in registers together */
    TILE_ROWS = 16, /* unpacked at once: a line of results is as long, and the first cache holds no more */
    SLICE = 32,     /* blocks of a row that are unpacked at once */
};

#define INLINE static inline __attribute__((always_inline))

/* Eight rows of one block. */
typedef struct {
    __m256i weights[QUADS];
    __m256 scale, minimum;
} unpacked;

/* A column's scale and scaled sum of one block, as floats. */
typedef struct {
    float scale, sum;
} factors;

INLINE __m128i packed_weights(const block_q4_1 *block) {
    return _mm_loadu_si128((const __m128i *)block->qs);
}

INLINE int halves(const block_q4_1 *block) {
    int both;
    memcpy(&both, block, sizeof both);
    return both;
}

INLINE void unpack(const block_q4_1 *const rows[ROWS], int64_t block, unpacked *to) {
    __m256i pair[4];
    for (int i = 0; i < 4; i++) {
        pair[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(packed_weights(rows[i] + block)),
                                          packed_weights(rows[i + 4] + block), 1);
    }
    const __m256i low01 = _mm256_unpacklo_epi32(pair[0], pair[1]), high01 = _mm256_unpackhi_epi32(pair[0], pair[1]);
    const __m256i low23 = _mm256_unpacklo_epi32(pair[2], pair[3]), high23 = _mm256_unpackhi_epi32(pair[2], pair[3]);
    const __m256i quads[4] = {_mm256_unpacklo_epi64(low01, low23), _mm256_unpackhi_epi64(low01, low23),
                              _mm256_unpacklo_epi64(high01, high23), _mm256_unpackhi_epi64(high01, high23)};
    const __m256i nibble = _mm256_set1_epi8(15);
    for (int i = 0; i < 4; i++) {
        to->weights[i] = _mm256_and_si256(quads[i], nibble);
        to->weights[i + 4] = _mm256_and_si256(_mm256_srli_epi16(quads[i], 4), nibble);
    }
    const __m128i first = _mm_set_epi32(halves(rows[3] + block), halves(rows[2] + block), halves(rows[1] + block),
                                        halves(rows[0] + block));
    const __m128i second = _mm_set_epi32(halves(rows[7] + block), halves(rows[6] + block), halves(rows[5] + block),
                                         halves(rows[4] + block));
    const __m128i low = _mm_set1_epi32(0xffff);
    to->scale = _mm256_cvtph_ps(_mm_packus_epi32(_mm_and_si128(first, low), _mm_and_si128(second, low)));
    to->minimum = _mm256_cvtph_ps(_mm_packus_epi32(_mm_srli_epi32(first, 16), _mm_srli_epi32(second, 16)));
}

INLINE __m256i four_activations(const block_q8_1 *block, int quad) {
    int four;
    memcpy(&four, block->qs + 4 * quad, sizeof four);
    return _mm256_set1_epi32(four);
}

INLINE factors factors_of(const block_q8_1 *block) {
    int both;
    factors found;
    memcpy(&both, block, sizeof both);
    _mm_storel_pi((__m64 *)&found, _mm_cvtph_ps(_mm_cvtsi32_si128(both)));
    return found;
}

/* Add the products of `blocks` blocks to `columns` columns of results. */
INLINE void multiply(const unpacked *a, int64_t blocks, const block_q8_1 *b, int64_t ldb,
                     const factors factor[][SLICE], int columns, __m256 sums[]) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (int64_t block = 0; block < blocks; block++) {
        __m256i dots[COLUMNS];
        for (int quad = 0; quad < QUADS; quad++) {
            for (int column = 0; column < columns; column++) {
                const __m256i products =
                    _mm256_maddubs_epi16(a[block].weights[quad], four_activations(b + column * ldb + block, quad));
                dots[column] = quad == 0 ? products : _mm256_add_epi16(dots[column], products);
                __asm__("" : "+x"(dots[column])); /* or gcc computes all products first, and runs out of registers */
            }
        }
        for (int column = 0; column < columns; column++) {
            const __m256 products = _mm256_cvtepi32_ps(_mm256_madd_epi16(dots[column], ones));
            const __m256 scale = _mm256_mul_ps(a[block].scale, _mm256_set1_ps(factor[column][block].scale));
            sums[column] = _mm256_fmadd_ps(a[block].minimum, _mm256_set1_ps(factor[column][block].sum), sums[column]);
            sums[column] = _mm256_fmadd_ps(products, scale, sums[column]);
        }
    }
}

INLINE void multiply_columns(const unpacked *a, int rows, int64_t blocks, const block_q8_1 *b, int64_t ldb, float *c,
                             int64_t ldc, int columns, bool is_first) {
    factors factor[COLUMNS][SLICE];
    for (int column = 0; column < columns; column++) {
        for (int64_t block = 0; block < blocks; block++) {
            factor[column][block] = factors_of(b + column * ldb + block);
        }
    }
    for (int row = 0; row < rows; row += ROWS) {
        const int count = MIN(ROWS, rows - row);
        float edge[COLUMNS][ROWS];
        __m256 sums[COLUMNS];
        for (int column = 0; column < columns; column++) {
            float *results = c + column * ldc + row;
            if (is_first) {
                sums[column] = _mm256_setzero_ps();
            } else if (count == ROWS) {
                sums[column] = _mm256_loadu_ps(results);
            } else {
                memcpy(edge[column], results, count * sizeof(float));
                sums[column] = _mm256_loadu_ps(edge[column]);
            }
        }
        multiply(a + row / ROWS * SLICE, blocks, b, ldb, (const factors(*)[SLICE])factor, columns, sums);
        for (int column = 0; column < columns; column++) {
            float *results = c + column * ldc + row;
            if (count == ROWS) {
                _mm256_storeu_ps(results, sums[column]);
            } else {
                _mm256_storeu_ps(edge[column], sums[column]);
                memcpy(results, edge[column], count * sizeof(float));
            }
        }
    }
}

/* Ask for a share of the weights that are needed next, while a part of the columns is computed. */
INLINE void fetch_ahead(const char *next, int64_t bytes, int64_t column, int64_t columns, int64_t n) {
    const int64_t end = bytes * MIN(column + columns, n) / n;
    for (int64_t at = bytes * column / n; at < end; at += 64) {
        _mm_prefetch(next + at, _MM_HINT_T1);
    }
}

/* `rows` rows of results, at most TILE_ROWS, for all columns; `next` are the weights that this thread needs then. */
static void multiply_tile(const block_q4_1 *a, int64_t lda, int rows, int64_t k, const block_q8_1 *b, int64_t ldb,
                          int64_t n, float *c, int64_t ldc, const block_q4_1 *next) {
    unpacked tile[TILE_ROWS / ROWS][SLICE];
    const int64_t slices = (k + SLICE - 1) / SLICE;
    for (int64_t slice = 0; slice < slices; slice++) {
        const int64_t from = k * slice / slices, blocks = k * (slice + 1) / slices - from;
        for (int row = 0; row < rows; row += ROWS) {
            const block_q4_1 *sources[ROWS];
            for (int i = 0; i < ROWS; i++) {
                sources[i] = a + MIN(row + i, rows - 1) * lda + from; /* past the end: computed, never stored */
            }
            for (int64_t block = 0; block < blocks; block++) {
                unpack(sources, block, &tile[row / ROWS][block]);
            }
        }
        const bool is_first = slice == 0, is_last = slice == slices - 1;
        for (int64_t column = 0; column < n; column += COLUMNS) {
            const block_q8_1 *activations = b + column * ldb + from;
            float *results = c + column * ldc;
            if (is_last && next != NULL) {
                fetch_ahead((const char *)next, rows * lda * (int64_t)sizeof *next, column, COLUMNS, n);
            }
            switch (MIN(COLUMNS, n - column)) { /* constants, so that the sums stay in registers */
            case 1: multiply_columns(tile[0], rows, blocks, activations, ldb, results, ldc, 1, is_first); break;
            case 2: multiply_columns(tile[0], rows, blocks, activations, ldb, results, ldc, 2, is_first); break;
            case 3: multiply_columns(tile[0], rows, blocks, activations, ldb, results, ldc, 3, is_first); break;
            case 4: multiply_columns(tile[0], rows, blocks, activations, ldb, results, ldc, 4, is_first); break;
            }
        }
    }
}

/* The same of a single column, to the last bit: a row must not depend on how many others a step has. */
static void multiply_vector_tile(const block_q4_1 *a, int64_t lda, int rows, int64_t k, const block_q8_1 *b, float *c,
                                 const block_q4_1 *next) {
    for (int row = 0; row < rows; row += ROWS) {
        const block_q4_1 *sources[ROWS];
        for (int i = 0; i < ROWS; i++) {
            sources[i] = a + MIN(row + i, rows - 1) * lda;
        }
        const char *ahead = (const char *)(next != NULL ? next + row * lda : a);
        __m256 sum = _mm256_setzero_ps();
        for (int64_t block = 0; block < k; block++, ahead += ROWS * sizeof *next) {
            _mm_prefetch(ahead, _MM_HINT_T0);
            _mm_prefetch(ahead + 64, _MM_HINT_T0);
            _mm_prefetch(ahead + 128, _MM_HINT_T0);
            factors factor[1][SLICE];
            unpacked weights;
            unpack(sources, block, &weights);
            factor[0][0] = factors_of(b + block);
            multiply(&weights, 1, b + block, 0, (const factors(*)[SLICE])factor, 1, &sum);
        }
        float results[ROWS];
        _mm256_storeu_ps(results, sum);
        memcpy(c + row, results, MIN(ROWS, rows - row) * sizeof(float));
    }
}

static void multiply_shared(const struct ggml_compute_params *params, int64_t m, int64_t n, int64_t k,
                            const block_q4_1 *a, int64_t lda, const block_q8_1 *b, int64_t ldb, float *c,
                            int64_t ldc) {
    const int64_t tiles = (m + TILE_ROWS - 1) / TILE_ROWS;
    /* ggml resets its counter once for a product: whoever is done first takes the next tile, but only of the first of
       several matrices. Its activations are those at the start of the work buffer. */
    const bool is_counted = b == params->wdata;
    int64_t tile = params->ith;
    while (tile < tiles) {
        const int64_t row = tile * TILE_ROWS, next_row = (tile + params->nth) * TILE_ROWS;
        const int rows = (int)MIN(TILE_ROWS, m - row);
        const block_q4_1 *next = next_row + TILE_ROWS <= m ? a + next_row * lda : NULL;
        if (n == 1) {
            multiply_vector_tile(a + row * lda, lda, rows, k, b, c + row, next);
        } else {
            multiply_tile(a + row * lda, lda, rows, k, b, ldb, n, c + row, ldc, next);
        }
        tile = is_counted ? ggml_threadpool_chunk_add(params->threadpool, 1) : tile + params->nth;
    }
}

#endif

bool __wrap_llamafile_sgemm(const struct ggml_compute_params *params, int64_t m, int64_t n, int64_t k, const void *a,
                            int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc, int a_type, int b_type,
                            int c_type) {
#ifdef HAS_Q4_1_GEMM
    if (a_type == GGML_TYPE_Q4_1 && b_type == GGML_TYPE_Q8_1 && c_type == GGML_TYPE_F32) {
        multiply_shared(params, m, n, k, a, lda, b, ldb, c, ldc);
        return true;
    }
#endif
    return __real_llamafile_sgemm(params, m, n, k, a, lda, b, ldb, c, ldc, a_type, b_type, c_type);
}
