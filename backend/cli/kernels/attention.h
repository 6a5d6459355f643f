/* Whether attention.c has code for this processor. */
#pragma once

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define HAS_ATTENTION
#endif
