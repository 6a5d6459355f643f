/* What ggml's BLAS backend needs of CBLAS, computed by split_sgemm.c. */
#pragma once

#include "ggml.h"

enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112 };
enum { OPENBLAS_OPENMP = 2 };

/* numpy loads a BLAS of its own into the same process: none of these names may leave the library. */
#define SPLIT_SGEMM_LOCAL __attribute__((visibility("hidden")))

#ifdef __cplusplus
extern "C" {
#endif

SPLIT_SGEMM_LOCAL void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE trans_a, enum CBLAS_TRANSPOSE trans_b,
                                   int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                                   float beta, float *c, int ldc);
SPLIT_SGEMM_LOCAL void openblas_set_num_threads(int threads);
SPLIT_SGEMM_LOCAL int openblas_get_parallel(void);
SPLIT_SGEMM_LOCAL const struct ggml_type_traits *blas_type_traits(enum ggml_type type);

#ifdef __cplusplus
}
#endif

/* The backend asks this table which types it can convert, and so which products it takes over from the processor's. */
#define ggml_get_type_traits blas_type_traits
