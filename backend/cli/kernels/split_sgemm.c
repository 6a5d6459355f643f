/*
 * A matrix product whose columns are shared out to ggml's own OpenMP threads, each calling OpenBLAS on one thread.
 *
 * OpenBLAS has threads of its own; beside ggml's, which spin while they wait, they make two threads ten times slower
 * than one. The number of threads follows llama_set_n_threads, as everything else of a step does.
 */
#include "cblas.h"
#include "q4_1_gemm.h"

#include <omp.h>
#include <stddef.h>

extern void scipy_cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a,
                              int lda, const float *b, int ldb, float beta, float *c, int ldc);
extern void scipy_openblas_set_num_threads(int threads);

/* Contexts may compute at the same time, each on a thread of its own. */
static _Thread_local int wanted_threads = 1;

void openblas_set_num_threads(int threads) {
    wanted_threads = threads;
    scipy_openblas_set_num_threads(1);
}

int openblas_get_parallel(void) {
    return OPENBLAS_OPENMP;
}

void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans_a, enum CBLAS_TRANSPOSE trans_b, int m, int n,
                 int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    const int tile = 16; /* columns: OpenBLAS' kernels compute so many at once */
    if (wanted_threads <= 1 || order != CblasRowMajor) {
        scipy_cblas_sgemm(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    const int tiles = (n + tile - 1) / tile;
    const ptrdiff_t step = trans_b == CblasTrans ? ldb : 1;
#pragma omp parallel num_threads(wanted_threads)
    {
        const int threads = omp_get_num_threads(), thread = omp_get_thread_num();
        const int from = tiles * thread / threads * tile;
        const int end = tiles * (thread + 1) / threads * tile;
        const int to = end < n ? end : n;
        if (from < to) {
            scipy_cblas_sgemm(order, trans_a, trans_b, m, to - from, k, alpha, a, lda, b + from * step, ldb, beta,
                              c + from, ldc);
        }
    }
}

#undef ggml_get_type_traits

/* ggml multiplies half floats where they are, as fast as OpenBLAS; Q4_1 we do, faster: converting them is a loss. */
static bool is_multiplied_unconverted(enum ggml_type type) {
#ifdef HAS_Q4_1_GEMM
    if (type == GGML_TYPE_Q4_1) {
        return true;
    }
#endif
    return type == GGML_TYPE_F16;
}

const struct ggml_type_traits *blas_type_traits(enum ggml_type type) {
    static const struct ggml_type_traits unconvertible = {.to_float = NULL};
    return is_multiplied_unconverted(type) ? &unconvertible : ggml_get_type_traits(type);
}
