/* Is there a product of our own for Q4_1? To be compiled with the options of ggml-cpu. */
#pragma once

#if defined(GGML_USE_LLAMAFILE) && defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define HAS_Q4_1_GEMM
#endif
